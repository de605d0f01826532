#include "storage/key_condition.hpp"

namespace pusher {

namespace {

constexpr size_t worth_a_range = 4;  // keys of a range, on average

using range = std::pair<notification_key, notification_key>;

/// From the first to the last of keys that follow each other.
std::vector<range> ranges_of(const std::vector<notification_key>& keys) {
  std::vector<range> found;
  for (auto key : keys) {
    if (!found.empty() && found.back().second.value + 1 == key.value)
      found.back().second = key;
    else
      found.emplace_back(key, key);
  }
  return found;
}

}  // namespace

key_condition::key_condition(const std::vector<notification_key>& keys) {
  auto ranges = ranges_of(keys);
  if (keys.size() < ranges.size() * worth_a_range) {
    sql_ = "id IN (" + placeholders(keys.size()) + ")";
    values_ = keys;
    values_.resize(padded_size(keys.size()), keys.back());
    return;
  }
  ranges.resize(padded_size(ranges.size()), ranges.back());
  for (auto [first, last] : ranges) {
    sql_ += sql_.empty() ? "(" : " OR ";
    sql_ += "id BETWEEN ? AND ?";
    values_.push_back(first);
    values_.push_back(last);
  }
  sql_ += ")";
}

}  // namespace pusher
