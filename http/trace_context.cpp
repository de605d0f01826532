#include "http/trace_context.hpp"

#include <algorithm>

#include "model/ids.hpp"

namespace pusher::http {

namespace {

constexpr size_t most_state_bytes = 512;
// version "-" trace id "-" parent id "-" flags
constexpr size_t trace_at = 3, parent_at = 36, flags_at = 53, whole = 55;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

/// 16 hex digits, of the random part of a UUID.
std::string new_span_id() {
  auto uuid = make_uuid_v7();
  uuid.erase(std::remove(uuid.begin(), uuid.end(), '-'), uuid.end());
  return uuid.substr(uuid.size() - 16);
}

}  // namespace

std::optional<trace_step> continue_trace(std::string_view given) {
  if (given.size() < whole || given[2] != '-' || given[parent_at - 1] != '-' || given[flags_at - 1] != '-')
    return std::nullopt;
  auto version = given.substr(0, 2), flags = given.substr(flags_at, 2);
  bool known = version == "00" && given.size() == whole;
  bool later =
      is_hex(version) && version != "00" && version != "ff" && (given.size() == whole || given[whole] == '-');
  auto trace_id = given.substr(trace_at, 32);
  if ((!known && !later) || !is_id(trace_id) || !is_id(given.substr(parent_at, 16)) || !is_hex(flags))
    return std::nullopt;
  trace_step made;
  made.trace_id = trace_id;
  // Of a later version only what this one knows is handed on.
  made.traceparent = "00-" + made.trace_id + "-" + new_span_id() + "-" + std::string(flags);
  return made;
}

bool is_tracestate(std::string_view value) {
  return !value.empty() && value.size() <= most_state_bytes &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace pusher::http
