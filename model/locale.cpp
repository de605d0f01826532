#include "model/locale.hpp"

#include <algorithm>

#include "model/limits.hpp"

namespace pusher {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool letters(std::string_view part) {
  return std::all_of(part.begin(), part.end(), is_letter);
}
bool digits(std::string_view part) {
  return std::all_of(part.begin(), part.end(), is_digit);
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
void make_lower(std::string& text) {
  std::transform(text.begin(), text.end(), text.begin(), lower);
}

/// The parts between dashes; none when one is empty, longer than 8 or of other characters.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == '-' || c == '_')
      parts.emplace_back();
    else if (is_letter(c) || is_digit(c))
      parts.back() += lower(c);
    else
      return {};
  }
  for (const auto& each : parts)
    if (each.empty() || each.size() > 8) return {};
  return parts;
}

bool is_variant(const std::string& part) {
  return part.size() >= 5 || (part.size() == 4 && is_digit(part[0]));
}

/// RFC 5646, section 2.1: language, up to three extended languages, script, region, variants; then
/// extensions, each a single character with parts of its own, and private use. Gives the usual case to what
/// has one.
bool walk(std::vector<std::string>& parts) {
  size_t at = 0;
  auto is = [&](bool (*made_of)(std::string_view), size_t least, size_t most) {
    return at < parts.size() && parts[at].size() >= least && parts[at].size() <= most && made_of(parts[at]);
  };
  if (parts[0] != "x") {
    // Longer ones are reserved and not in use: they would be slips such as "korean".
    if (!is(letters, 2, 3)) return false;
    ++at;
    for (int i = 0; i < 3 && is(letters, 3, 3); ++i)
      ++at;
    if (is(letters, 4, 4)) {
      parts[at][0] = upper(parts[at][0]);
      ++at;
    }
    if (is(letters, 2, 2) || is(digits, 3, 3)) {
      std::transform(parts[at].begin(), parts[at].end(), parts[at].begin(), upper);
      ++at;
    }
    while (at < parts.size() && is_variant(parts[at]))
      ++at;
  }
  while (at < parts.size()) {
    if (parts[at].size() != 1) return false;
    bool is_private = parts[at] == "x";
    auto first = ++at;
    while (at < parts.size() && (is_private || parts[at].size() >= 2))
      ++at;
    if (at == first) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> canonical_locale(std::string_view text) {
  if (text.size() > limits::locale_bytes) return std::nullopt;
  auto parts = parts_of(text);
  if (parts.empty() || !walk(parts)) return std::nullopt;
  std::string made;
  for (const auto& each : parts)
    made += (made.empty() ? "" : "-") + each;
  return made;
}

locale_choice::locale_choice(const std::vector<std::string>& locales) : known_(locales) {
  for (auto& each : known_)
    make_lower(each);
}

size_t locale_choice::of(std::string_view device_locale) {
  wanted_ = device_locale.substr(0, device_locale.find_first_of(".@"));
  std::replace(wanted_.begin(), wanted_.end(), '_', '-');
  make_lower(wanted_);
  while (!wanted_.empty()) {
    auto found = std::find(known_.begin(), known_.end(), wanted_);
    if (found != known_.end()) return static_cast<size_t>(found - known_.begin()) + 1;
    auto dash = wanted_.rfind('-');
    if (dash == std::string::npos) break;
    // A part of one character only introduces what was taken away.
    if (dash >= 2 && wanted_[dash - 2] == '-') dash -= 2;
    wanted_.resize(dash);
  }
  return 0;
}

}  // namespace pusher
