#include "http/path.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace pusher::http {

namespace {

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    auto end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
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
  if (path.empty() || path[0] != '/') return std::nullopt;
  auto wanted = segments(pattern), given = segments(path);
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> taken;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].front() != '{') {
      if (wanted[i] != given[i]) return std::nullopt;
      continue;
    }
    auto value = take(wanted[i], given[i]);
    if (!value) return std::nullopt;
    taken.push_back(std::move(*value));
  }
  return taken;
}

}  // namespace pusher::http
