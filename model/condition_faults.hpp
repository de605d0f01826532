// What is said about a condition that cannot be taken. For model/condition_*.cpp only.
#pragma once

#include <string>
#include <string_view>

#include "model/error.hpp"
#include "model/limits.hpp"

namespace pusher::condition_faults {

inline error wrong(const std::string& pointer, std::string detail) {
  return {errc::invalid_condition, std::move(detail), pointer, 0};
}

inline std::string quoted(std::string_view name) {
  return "\"" + std::string(name.substr(0, 64)) + "\"";
}

inline error too_long(const std::string& pointer) {
  return wrong(pointer, "A condition has at most " + std::to_string(limits::condition_bytes) + " bytes.");
}

inline error too_many(const std::string& pointer) {
  return wrong(pointer,
               "The condition has more than " + std::to_string(limits::condition_leaves) + " comparisons.");
}

inline error too_deep(const std::string& pointer) {
  return wrong(pointer,
               "The condition is nested deeper than " + std::to_string(limits::condition_depth) + " levels.");
}

}  // namespace pusher::condition_faults
