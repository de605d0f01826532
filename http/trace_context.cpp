#include "http/trace_context.hpp"

#include <algorithm>
#include <random>

namespace pusher::http {

namespace {

constexpr size_t most_state_bytes = 512;

}  // namespace

std::optional<trace_step> continue_trace(std::string_view given) {
  auto caller = parse_traceparent(given);
  if (!caller) return std::nullopt;
  trace_step made;
  made.ours = {std::move(caller->trace_id), new_span_id(), caller->sampled};
  made.caller_id = std::move(caller->span_id);
  return made;
}

std::optional<trace_step> begin_trace(unsigned percent) {
  static thread_local std::minstd_rand random(std::random_device{}());
  if (percent == 0 || std::uniform_int_distribution<unsigned>(0, 99)(random) >= percent) return std::nullopt;
  return trace_step{{new_trace_id(), new_span_id(), true}, ""};
}

bool is_tracestate(std::string_view value) {
  return !value.empty() && value.size() <= most_state_bytes &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace pusher::http
