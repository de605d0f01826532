#include "storage/node_registry.hpp"

#include <cstdlib>

#include "model/clock.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

constexpr const char* forgotten_after_ms = "3600000";

result<redis_reply> good(result<redis_reply> reply) {
  if (reply && reply->type == redis_reply::kind::failure)
    return error{errc::journal_unavailable, "Redis: " + reply->text, "", 1};
  return reply;
}

result<void> done(result<redis_reply> reply) {
  auto made = good(std::move(reply));
  return made ? result<void>() : made.failure();
}

}  // namespace

result<bool> node_registry::announce(const std::string& process, const std::string& record,
                                     uint32_t lifetime_ms) {
  auto reply = good(redis_.command(
      redis::call(scripts::announce_node, {keys_.heartbeat_prefix + process, keys_.nodes, keys_.nodes_seen},
                  {process, record, std::to_string(lifetime_ms)})));
  if (!reply) return reply.failure();
  return reply->items.size() > 1 && reply->items[1].integer == 1;
}

result<void> node_registry::announce_configured(const std::string& node, const std::string& text) {
  return done(redis_.command({"HSET", keys_.configured, node, text}));
}

result<void> node_registry::withdraw(const std::string& process) {
  auto replies = redis_.pipeline({{"DEL", keys_.heartbeat_prefix + process},
                                  {"HDEL", keys_.nodes, process},
                                  {"HDEL", keys_.nodes_seen, process}});
  if (!replies) return replies.failure();
  for (auto& each : *replies)
    if (auto made = done(std::move(each)); !made) return made;
  return {};
}

result<std::vector<registered_node>> node_registry::list() {
  auto reply = good(redis_.command(redis::call(scripts::list_nodes, {keys_.nodes, keys_.nodes_seen},
                                               {keys_.heartbeat_prefix, forgotten_after_ms})));
  if (!reply) return reply.failure();
  std::vector<registered_node> found;
  for (size_t i = 1; i < reply->items.size(); ++i) {
    auto& fields = reply->items[i].items;
    if (fields.size() < 4) continue;
    found.push_back({std::move(fields[0].text), std::move(fields[1].text),
                     std::strtoull(fields[2].text.c_str(), nullptr, 10), fields[3].text == "1"});
  }
  return found;
}

result<utc_ms> node_registry::clock() {
  auto reply = good(redis_.command({"TIME"}));
  if (!reply) return reply.failure();
  if (reply->items.size() != 2) return error{errc::journal_unavailable, "Redis's TIME is not one", "", 1};
  auto number = [&](size_t at) { return std::strtoll(reply->items[at].text.c_str(), nullptr, 10); };
  return number(0) * 1000 + number(1) / 1000;
}

result<std::vector<std::string>> node_registry::held_stages() {
  auto reply = good(redis_.command({"HKEYS", keys_.stages}));
  if (!reply) return reply.failure();
  std::vector<std::string> names;
  for (auto& each : reply->items)
    names.push_back(std::move(each.text));
  return names;
}

result<void> node_registry::hold_stage(const std::string& stage) {
  return done(redis_.command({"HSET", keys_.stages, stage, to_rfc3339(now_ms())}));
}

result<void> node_registry::free_stage(const std::string& stage) {
  return done(redis_.command({"HDEL", keys_.stages, stage}));
}

}  // namespace pusher
