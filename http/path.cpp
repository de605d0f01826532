#include "http/path.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace pusher::http {

namespace {

/// Takes the first segment off a path, and its slash.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  auto segment = path.substr(0, std::min(path.find('/'), path.size()));
  path.remove_prefix(segment.size());
  return segment;
}

bool is_placeholder(std::string_view segment) {
  return !segment.empty() && segment.front() == '{';
}

/// Whether they have as many segments, and the same where the pattern has no placeholder. Every request asks
/// this of many patterns, so nothing is copied.
bool fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    auto wanted = take_segment(pattern), given = take_segment(path);
    if (!is_placeholder(wanted) && wanted != given) return false;
  }
  return pattern.empty() && path.empty();
}

/// What a placeholder takes of a segment. What follows its braces, such as ":launch", must end the segment.
std::optional<std::string> take(std::string_view placeholder, std::string_view segment) {
  auto braces = placeholder.find('}') + 1;
  auto name = placeholder.substr(0, braces), verb = placeholder.substr(braces);
  if (segment.size() <= verb.size() || segment.substr(segment.size() - verb.size()) != verb)
    return std::nullopt;
  segment.remove_suffix(verb.size());
  // Clients choose the ids of devices and users, and some choose colons; in our own ids a colon can only
  // begin a verb.
  bool clients_own = name == "{device_id}" || name == "{user_id}";
  if (!clients_own && segment.find(':') != std::string_view::npos) return std::nullopt;
  return percent_decode(segment);
}

}  // namespace

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  if (path.empty() || path[0] != '/' || !fits(pattern, path)) return std::nullopt;
  std::vector<std::string> taken;
  while (!pattern.empty()) {
    auto wanted = take_segment(pattern), given = take_segment(path);
    if (!is_placeholder(wanted)) continue;
    auto value = take(wanted, given);
    if (!value) return std::nullopt;
    taken.push_back(std::move(*value));
  }
  return taken;
}

}  // namespace pusher::http
