#include "http/codec_gorush.hpp"

#include <algorithm>

#include "http/text.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"
#include "model/message_wording.hpp"
#include "model/token_device.hpp"

namespace pusher::http {

namespace {

constexpr int64_t now_or_never_seconds = 60;
constexpr std::string_view topic_path = "/topics/";

error refused(std::string detail) {
  return {errc::invalid_field, std::move(detail), "", 0};
}

gateway gateway_of(gorush_platform platform) {
  switch (platform) {
    case gorush_platform::ios:
      return gateway::apns;
    case gorush_platform::android:
      return gateway::fcm;
    case gorush_platform::huawei:
      return gateway::hms;
  }
  return gateway::fcm;
}

/// Collects whom a notification is for.
class target_reader {
 public:
  target_reader(loose_reader& from, const compat_settings& compat, gorush_notification& into)
      : from_(from), compat_(compat), into_(into) {}

  void read() {
    environment_ = read_environment();
    auto tokens = from_.texts("tokens");
    if (tokens.size() > limits::audience_ids)
      return from_.fail("tokens", "One notification has at most " + std::to_string(limits::audience_ids) +
                                      " tokens; spread them over several.");
    if (into_.platform != gorush_platform::ios) read_topics(tokens);
    for (auto& token : tokens)
      add_token(std::move(token));
    if (into_.targets.empty() && into_.refused.empty())
      into_.refused.push_back({"", "there is no token, topic or condition to send to"});
  }

 private:
  environment read_environment() {
    bool production = from_.flag("production"), development = from_.flag("development");
    if (into_.platform != gorush_platform::ios || production) return environment::production;
    if (development) return environment::sandbox;
    return parse_environment(compat_.gorush_ios_environment).value_or(environment::production);
  }

  /// `topic` and `condition`, and `to`, which is a token or the path of a topic.
  void read_topics(std::vector<std::string>& tokens) {
    auto topic = from_.text("topic"), condition = from_.text("condition"), to = from_.text("to");
    if (to.compare(0, topic_path.size(), topic_path) == 0)
      add_target("topic:" + to.substr(topic_path.size()));
    else if (!to.empty())
      tokens.push_back(std::move(to));
    if (topic.compare(0, topic_path.size(), topic_path) == 0) topic.erase(0, topic_path.size());
    if (!topic.empty()) add_target("topic:" + topic);
    if (!condition.empty()) add_target("condition:" + condition);
  }

  void add_token(std::string token) {
    if (token.empty()) return refuse(std::move(token), "the token is empty");
    if (!is_visible_ascii(token))
      return refuse(std::move(token), "the token has a character that no token has");
    add_target(std::move(token));
  }

  void add_target(std::string push_token) {
    if (push_token.size() > limits::push_token_bytes)
      return refuse(std::move(push_token), "this is too long");
    if (!is_plain_text(push_token))
      return refuse(std::move(push_token), "this has a control character in it");
    into_.targets.push_back(
        token_device(gateway_of(into_.platform), environment_, std::move(push_token), "gorush"));
  }

  void refuse(std::string token, const char* why) { into_.refused.push_back({std::move(token), why}); }

  loose_reader& from_;
  const compat_settings& compat_;
  gorush_notification& into_;
  environment environment_ = environment::production;
};

void read_for_platform(loose_reader& from, utc_ms now, gorush_notification& into) {
  switch (into.platform) {
    case gorush_platform::ios:
      return read_for_ios(from, now, into.draft);
    case gorush_platform::android:
      into.dry_run = from.flag("dry_run");
      return read_for_android(from, into.draft);
    case gorush_platform::huawei:
      return read_for_huawei(from, into.draft);
  }
}

result<gorush_notification> parse_one(loose_reader& from, size_t place, gorush_platform platform,
                                      const compat_settings& compat, utc_ms now) {
  gorush_notification made;
  made.place = place;
  made.platform = platform;
  made.notif_id = from.text("notif_id");
  made.message = from.text("message");
  target_reader(from, compat, made).read();
  read_for_platform(from, now, made);
  if (from.fault()) return *from.fault();
  take_literally(made.draft);
  made.draft.lane = made.targets.size() <= limits::transactional_ids ? lane::transactional : lane::campaign;
  made.draft.launch = true;
  return made;
}

}  // namespace

std::string_view to_string(gorush_platform platform) {
  switch (platform) {
    case gorush_platform::ios:
      return "ios";
    case gorush_platform::android:
      return "android";
    case gorush_platform::huawei:
      return "huawei";
  }
  return "";
}

uint32_t gorush_ttl(int64_t seconds) {
  auto kept = seconds <= 0 ? now_or_never_seconds : std::min<int64_t>(seconds, limits::ttl_seconds_max);
  return static_cast<uint32_t>(kept);
}

std::optional<std::string> given(std::string text) {
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

result<std::vector<gorush_notification>> parse_gorush(const rapidjson::Value& body,
                                                      const compat_settings& compat, utc_ms now) {
  auto missing = refused("Missing notifications field.");
  if (!body.IsObject()) return missing;
  auto list = body.FindMember("notifications");
  if (list == body.MemberEnd() || !list->value.IsArray()) return missing;
  auto count = size_t{list->value.Size()};
  if (count == 0) return refused("Notifications field is empty.");
  if (count > compat.gorush_max_notifications)
    return refused("Number of notifications(" + std::to_string(count) + ") over limit(" +
                   std::to_string(compat.gorush_max_notifications) + ")");
  std::vector<gorush_notification> made;
  for (size_t i = 0; i < count; ++i) {
    loose_reader from(list->value[static_cast<rapidjson::SizeType>(i)], json::pointer("/notifications", i));
    auto platform = from.number("platform").value_or(0);
    if (from.fault()) return *from.fault();
    if (platform < 1 || platform > 3) continue;
    auto one = parse_one(from, i, static_cast<gorush_platform>(platform), compat, now);
    if (!one) return one.failure();
    made.push_back(std::move(*one));
  }
  return made;
}

}  // namespace pusher::http
