// Cursors of lists: numbers in a text that clients hand back and cannot be expected to read.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "model/result.hpp"

namespace pusher {

inline error foreign_cursor() {
  return {errc::invalid_cursor, "This cursor is not one that a list returned; start without one.", "", 0};
}

template <class... Numbers>
std::string to_cursor(Numbers... numbers) {
  std::string text;
  ((text += (text.empty() ? "c" : ".") + std::to_string(numbers)), ...);
  return text;
}

/// The numbers of to_cursor; zeros for an empty cursor.
template <size_t Count>
result<std::array<uint64_t, Count>> from_cursor(const std::string& cursor) {
  std::array<uint64_t, Count> numbers{};
  if (cursor.empty()) return numbers;
  const char *at = cursor.data(), *end = cursor.data() + cursor.size();
  for (size_t i = 0; i < Count; ++i) {
    if (at == end || *at != (i == 0 ? 'c' : '.')) return foreign_cursor();
    auto [stop, fault] = std::from_chars(at + 1, end, numbers[i]);
    if (fault != std::errc()) return foreign_cursor();
    at = stop;
  }
  if (at != end) return foreign_cursor();
  return numbers;
}

inline result<uint64_t> from_cursor(const std::string& cursor) {
  auto numbers = from_cursor<1>(cursor);
  if (!numbers) return numbers.failure();
  return (*numbers)[0];
}

}  // namespace pusher
