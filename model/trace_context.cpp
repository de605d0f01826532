#include "model/trace_context.hpp"

#include <algorithm>

#include "model/device.hpp"
#include "model/ids.hpp"

namespace pusher {

namespace {

// version "-" trace id "-" parent id "-" flags
constexpr size_t trace_at = 3, parent_at = 36, flags_at = 53, whole = 55;
constexpr size_t span_digits = 16;
constexpr std::string_view hex_digits = "0123456789abcdef";

bool is_hex(std::string_view text) {
  return text.find_first_not_of(hex_digits) == std::string_view::npos;
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

/// 32 hex digits; the second half is random.
std::string digits_of_a_uuid() {
  auto uuid = make_uuid_v7();
  uuid.erase(std::remove(uuid.begin(), uuid.end(), '-'), uuid.end());
  return uuid;
}

}  // namespace

std::string trace_context::traceparent() const {
  return "00-" + trace_id + "-" + span_id + (sampled ? "-01" : "-00");
}

std::optional<trace_context> parse_traceparent(std::string_view given) {
  if (given.size() < whole || given[2] != '-' || given[parent_at - 1] != '-' || given[flags_at - 1] != '-')
    return std::nullopt;
  auto version = given.substr(0, 2), flags = given.substr(flags_at, 2);
  bool known = version == "00" && given.size() == whole;
  bool later =
      is_hex(version) && version != "00" && version != "ff" && (given.size() == whole || given[whole] == '-');
  auto trace_id = given.substr(trace_at, 32), parent = given.substr(parent_at, span_digits);
  if ((!known && !later) || !is_id(trace_id) || !is_id(parent) || !is_hex(flags)) return std::nullopt;
  bool sampled = (hex_digits.find(flags[1]) & 1U) != 0;
  return trace_context{std::string(trace_id), std::string(parent), sampled};
}

std::string new_trace_id() {
  // Two halves that are random both: whoever samples by the id's digits finds no time in them.
  return digits_of_a_uuid().substr(span_digits) + digits_of_a_uuid().substr(span_digits);
}

std::string new_span_id() {
  return digits_of_a_uuid().substr(span_digits);
}

std::string derived_span_id(std::string_view trace_id, std::string_view what) {
  auto digest = sha256(std::string(trace_id) + "\n" + std::string(what));
  std::string made;
  for (size_t i = 0; i < span_digits / 2; ++i) {
    made += hex_digits[digest[i] >> 4];
    made += hex_digits[digest[i] & 15];
  }
  return made;
}

}  // namespace pusher
