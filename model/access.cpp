#include "model/access.hpp"

#include <algorithm>

namespace pusher {

namespace {

constexpr size_t application_name_bytes = 64;
constexpr std::string_view key_start = "psk_";
constexpr size_t key_bytes = 47;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string_view to_string(scope value) {
  switch (value) {
    case scope::none:
      return "";
    case scope::devices:
      return "devices";
    case scope::send:
      return "send";
    case scope::read:
      return "read";
    case scope::admin:
      return "admin";
    case scope::any:
      return "any";
  }
  return "";
}

std::optional<scope> parse_scope(std::string_view name) {
  for (auto each : all_scopes)
    if (to_string(each) == name) return each;
  return std::nullopt;
}

result<void> check_application_name(std::string_view name) {
  bool good = !name.empty() && name.size() <= application_name_bytes && is_letter_or_digit(name.front()) &&
              std::all_of(name.begin(), name.end(),
                          [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_'; });
  // A path names an application by its name or id: the two must never be mistaken for each other.
  if (good && !is_uuid(std::string(name))) return {};
  return error{
      errc::invalid_field,
      "An application's name has 1 to 64 letters, digits, dots, dashes and underscores, begins with a "
      "letter or digit, and is no UUID.",
      "", 0};
}

bool looks_like_api_key(std::string_view text) {
  return text.size() == key_bytes && text.substr(0, key_start.size()) == key_start &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

}  // namespace pusher
