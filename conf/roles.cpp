#include <algorithm>
#include <charconv>

#include "conf/load.hpp"
#include "conf/wrong.hpp"
#include "model/device.hpp"

namespace pusher {

namespace {

constexpr std::pair<const char*, role> role_names[] = {{"api", role::api},
                                                       {"fan-out", role::fan_out},
                                                       {"push-sender", role::push_sender},
                                                       {"result-writer", role::result_writer}};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == at)
      parts.emplace_back();
    else if (c != ' ')
      parts.back() += c;
  }
  return parts;
}

result<role_entry> parse_role(const std::string& text) {
  role_entry made;
  auto counted = split(text, '=');
  if (counted.size() > 2) return wrong("'" + text + "' has more than one '='");
  if (counted.size() == 2) {
    auto end = counted[1].data() + counted[1].size();
    auto [stop, fault] = std::from_chars(counted[1].data(), end, made.count);
    if (fault != std::errc() || stop != end || made.count < 1 || made.count > 64)
      return wrong("the count of '" + text + "' is a number from 1 to 64");
  }
  auto named = split(counted[0], ':');
  auto known = parse_role_name(named[0]);
  if (!known)
    return wrong("there is no role '" + named[0] + "'; choose from api, fan-out, push-sender, result-writer");
  made.role = *known;
  if (made.role == role::fan_out && made.count > 1)
    return wrong("fan-out cannot be multiplied within a node");
  if (named.size() == 1) return made;
  if (named.size() > 2 || made.role != role::push_sender)
    return wrong("only push-sender takes gateways: '" + text + "'");
  for (const auto& name : split(named[1], '+')) {
    if (!parse_gateway(name))
      return wrong("there is no gateway '" + name + "'; choose from fcm, apns, webpush, hms");
    made.gateways.push_back(name);
  }
  return made;
}

}  // namespace

result<std::vector<role_entry>> parse_roles(const std::string& text) {
  std::vector<role_entry> made;
  for (const auto& part : split(text, ',')) {
    auto entry = parse_role(part);
    if (!entry) return entry.failure();
    made.push_back(std::move(*entry));
  }
  return made;
}

bool settings::needs_mysql() const {
  return std::any_of(roles.begin(), roles.end(),
                     [](const auto& each) { return each.role != role::push_sender; });
}

std::string to_text(const listen_address& at) {
  return at.host + ":" + std::to_string(at.port);
}

const char* to_string(role which) {
  for (const auto& [name, each] : role_names)
    if (each == which) return name;
  return "unknown";
}

std::optional<role> parse_role_name(const std::string& name) {
  for (const auto& [known, which] : role_names)
    if (name == known) return which;
  return std::nullopt;
}

std::string to_text(const std::vector<role_entry>& roles) {
  std::string made;
  for (const auto& each : roles) {
    if (!made.empty()) made += ',';
    made += to_string(each.role);
    for (size_t i = 0; i < each.gateways.size(); ++i)
      made += (i ? "+" : ":") + each.gateways[i];
    if (each.count != 1) made += "=" + std::to_string(each.count);
  }
  return made;
}

}  // namespace pusher
