// What `pusher send` asks the API for.
#include "actors/send_command.hpp"
#include "http/json_tree.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::commands {

namespace {

error usage(std::string detail) {
  return {errc::invalid_field, std::move(detail), "", 0};
}

result<void> check_audience(const send_wish& wish) {
  int given = !wish.token.empty() + !wish.devices.empty() + !wish.users.empty() + !wish.condition.empty() +
              !wish.segment.empty();
  if (given != 1)
    return usage("Say whom to reach: one of --token, --device, --user, --condition, --segment.");
  if (wish.gateway == "webpush" && !wish.token.empty())
    return usage("A browser has a subscription with keys and no token: register it, then use --device.");
  return {};
}

void set_list(http::json_tree& into, http::json_tree::path at, const std::vector<std::string>& texts) {
  rapidjson::Document list;
  list.SetArray();
  for (const auto& each : texts)
    list.PushBack(rapidjson::Value(each.data(), static_cast<rapidjson::SizeType>(each.size())),
                  list.GetAllocator());
  into.set(at, list);
}

result<void> set_audience(http::json_tree& into, const send_wish& wish,
                          const std::vector<std::string>& device_ids) {
  if (!device_ids.empty()) set_list(into, {"audience", "device_ids"}, device_ids);
  if (!wish.users.empty()) set_list(into, {"audience", "user_ids"}, wish.users);
  into.set_text({"audience", "segment"}, wish.segment);
  if (wish.condition.empty()) return {};
  auto condition = json::parse(wish.condition);
  if (!condition) return usage("--condition is JSON: " + condition.failure().detail);
  into.set({"audience", "condition"}, *condition);
  return {};
}

result<void> set_data(http::json_tree& into, const send_wish& wish) {
  for (const auto& each : wish.data) {
    auto cut = each.find('=');
    if (cut == 0 || cut == std::string::npos) return usage("--data takes NAME=VALUE, not '" + each + "'.");
    into.set({"content", "data", each.substr(0, cut).c_str()}, each.substr(cut + 1));
  }
  return {};
}

void set_priority(http::json_tree& into, const std::string& priority) {
  if (priority.empty()) return;
  bool high = priority == "high";
  into.set({"android", "priority"}, high ? "HIGH" : "NORMAL");
  into.set({"apns", "headers", "apns-priority"}, high ? "10" : "5");
  into.set({"webpush", "headers", "Urgency"}, high ? "high" : "normal");
  into.set({"hms", "android", "urgency"}, high ? "HIGH" : "NORMAL");
}

bool says_nothing(const send_wish& wish) {
  return wish.title.empty() && wish.body.empty() && wish.data.empty();
}

}  // namespace

result<std::string> notification_for(const send_wish& wish, const std::vector<std::string>& device_ids) {
  if (auto good = check_audience(wish); !good) return good.failure();
  if (says_nothing(wish)) return usage("Say something: --title, --body or --data.");
  http::json_tree made;
  for (const auto& [name, text] : {std::pair("title", &wish.title),
                                   {"body", &wish.body},
                                   {"image_url", &wish.image},
                                   {"icon_url", &wish.icon},
                                   {"deep_link", &wish.link},
                                   {"sound", &wish.sound}})
    made.set_text({"content", name}, *text);
  if (wish.badge) made.set({"content", "badge"}, int64_t{*wish.badge});
  if (auto good = set_data(made, wish); !good) return good.failure();
  if (auto good = set_audience(made, wish, device_ids); !good) return good.failure();
  made.set_text({"collapse_key"}, wish.collapse_key);
  if (wish.ttl_seconds) made.set({"ttl_seconds"}, int64_t{*wish.ttl_seconds});
  auto ids = device_ids.size() + wish.users.size();
  bool urgent = ids > 0 && ids <= limits::transactional_ids;
  made.set_text({"lane"}, wish.lane.empty() && urgent ? "transactional" : wish.lane);
  set_priority(made, wish.priority);
  made.set({"launch"}, !wish.dry_run);
  return made.text();
}

}  // namespace pusher::commands
