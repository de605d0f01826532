#include "http/path.hpp"

namespace pusher::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string made;
  made.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      made += ' ';
    } else if (text[i] != '%') {
      made += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      auto high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      made += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return made;
}

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  if (path.empty() || path[0] != '/') return std::nullopt;
  auto wanted = segments(pattern), given = segments(path);
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> taken;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].substr(0, 2) != "{}") {
      if (wanted[i] != given[i]) return std::nullopt;
      continue;
    }
    // What follows the braces, such as ":launch", ends the segment; without it the segment has no verb.
    auto verb = wanted[i].substr(2);
    auto segment = given[i];
    if (segment.size() <= verb.size() || segment.substr(segment.size() - verb.size()) != verb)
      return std::nullopt;
    auto decoded = percent_decoded(segment.substr(0, segment.size() - verb.size()));
    if (!decoded) return std::nullopt;
    taken.push_back(std::move(*decoded));
  }
  return taken;
}

}  // namespace pusher::http
