#include "tests/fail_points/fail_plan.hpp"

#include <algorithm>
#include <charconv>

#include "storage/fail_point.hpp"

namespace pusher {

namespace {

error wrong(std::string_view entry, const std::string& why) {
  std::string names;
  for (auto each : fail_point_names)
    names += (names.empty() ? "" : ", ") + std::string(each);
  return {errc::invalid_configuration,
          "PUSHER_FAIL: '" + std::string(entry) + "' " + why +
              ". It takes NAME:COUNT:ACTION, several with commas between them; COUNT is 1 for the first "
              "passing, 1+ for "
              "each; ACTION is exit, stop, throw or sleep=MS; NAME is one of " +
              names + ".",
          "", 0};
}

std::string_view cut(std::string_view& from, char at) {
  auto end = std::min(from.find(at), from.size());
  auto part = from.substr(0, end);
  from.remove_prefix(std::min(end + 1, from.size()));
  return part;
}

std::optional<uint64_t> number_in(std::string_view text) {
  uint64_t value = 0;
  auto end = text.data() + text.size();
  auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (fault != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool read_count(std::string_view text, planned_failure& into) {
  into.and_later = !text.empty() && text.back() == '+';
  if (into.and_later) text.remove_suffix(1);
  auto count = number_in(text);
  into.first = count.value_or(0);
  return into.first > 0;
}

bool read_action(std::string_view text, planned_failure& into) {
  for (auto each : {failing::exit, failing::stop, failing::raise}) {
    into.action = each;
    if (text == to_string(each)) return true;
  }
  into.action = failing::sleep;
  if (cut(text, '=') != to_string(failing::sleep)) return false;
  auto pause = number_in(text);
  into.pause = std::chrono::milliseconds(pause.value_or(0));
  return pause.has_value();
}

result<planned_failure> parse_one(std::string_view entry) {
  planned_failure made;
  auto rest = entry;
  made.name = cut(rest, ':');
  if (std::find(fail_point_names.begin(), fail_point_names.end(), made.name) == fail_point_names.end())
    return wrong(entry, "names no fail point");
  if (!read_count(cut(rest, ':'), made)) return wrong(entry, "has no such count");
  if (!read_action(rest, made)) return wrong(entry, "has no such action");
  return made;
}

}  // namespace

std::string_view to_string(failing action) {
  switch (action) {
    case failing::exit:
      return "exit";
    case failing::stop:
      return "stop";
    case failing::raise:
      return "throw";
    case failing::sleep:
      return "sleep";
  }
  return {};
}

std::optional<planned_failure> fail_plan::pass(std::string_view name) {
  std::lock_guard<std::mutex> guard(mutex_);
  std::optional<planned_failure> happens;
  for (size_t i = 0; i < all_.size(); ++i) {
    const auto& each = all_[i];
    if (each.name != name) continue;
    auto passing = ++passed_[i];
    bool now = passing == each.first || (each.and_later && passing > each.first);
    if (now && !happens) happens = each;
  }
  return happens;
}

result<std::vector<planned_failure>> parse_fail_plan(std::string_view text) {
  std::vector<planned_failure> all;
  while (!text.empty()) {
    auto made = parse_one(cut(text, ','));
    if (!made) return std::move(made).failure();
    all.push_back(*std::move(made));
  }
  return all;
}

}  // namespace pusher
