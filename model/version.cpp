#include "model/version.hpp"

#include <algorithm>

namespace pusher {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

/// Takes the part before the next dot; `text` becomes what follows it, and `more` tells whether there was
/// one.
std::string_view take_part(std::string_view& text, bool& more) {
  auto dot = text.find('.');
  more = dot != std::string_view::npos;
  auto part = text.substr(0, dot);
  text = more ? text.substr(dot + 1) : std::string_view();
  return part;
}

template <class Test>
bool all_parts(std::string_view text, Test good) {
  for (bool more = true; more;)
    if (!good(take_part(text, more))) return false;
  return true;
}

struct parts {
  std::string_view numbers;
  std::string_view pre_release;  ///< a null view when there is none
  std::string_view build;        ///< likewise
};

parts split(std::string_view text) {
  parts found;
  if (!text.empty() && (text.front() == 'v' || text.front() == 'V')) text.remove_prefix(1);
  if (auto plus = text.find('+'); plus != std::string_view::npos) {
    found.build = text.substr(plus + 1);
    text = text.substr(0, plus);
  }
  if (auto dash = text.find('-'); dash != std::string_view::npos) {
    found.pre_release = text.substr(dash + 1);
    text = text.substr(0, dash);
  }
  found.numbers = text;
  return found;
}

int sign_of(int order) {
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

/// Numbers of any length: never converted.
int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return sign_of(a.compare(b));
}

int compare_identifiers(std::string_view a, std::string_view b) {
  bool a_number = is_number(a), b_number = is_number(b);
  if (a_number && b_number) return compare_numbers(a, b);
  if (a_number != b_number) return a_number ? -1 : 1;
  return sign_of(a.compare(b));
}

int compare_pre_releases(std::string_view a, std::string_view b) {
  if (!a.data() || !b.data()) return !a.data() && !b.data() ? 0 : (a.data() ? -1 : 1);
  for (bool more_a = true, more_b = true; more_a || more_b;) {
    if (!more_a || !more_b) return more_a ? 1 : -1;
    auto left = take_part(a, more_a), right = take_part(b, more_b);
    if (auto order = compare_identifiers(left, right); order != 0) return order;
  }
  return 0;
}

}  // namespace

bool is_version(std::string_view text) {
  auto found = split(text);
  return all_parts(found.numbers, is_number) &&
         (!found.pre_release.data() || all_parts(found.pre_release, is_identifier)) &&
         (!found.build.data() || all_parts(found.build, is_identifier));
}

int compare_versions(std::string_view a, std::string_view b) {
  auto left = split(a), right = split(b);
  for (bool more_a = true, more_b = true; more_a || more_b;) {
    auto x = more_a ? take_part(left.numbers, more_a) : std::string_view();
    auto y = more_b ? take_part(right.numbers, more_b) : std::string_view();
    if (auto order = compare_numbers(x, y); order != 0) return order;
  }
  return compare_pre_releases(left.pre_release, right.pre_release);
}

}  // namespace pusher
