// W3C Trace Context of a request: the trace that it belongs to, and our step in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/trace_context.hpp"

namespace pusher::http {

struct trace_step {
  trace_context ours;     ///< the span that serves the request
  std::string caller_id;  ///< the client's span; empty = it has none
};

/// Our step in the trace of a request's traceparent; nothing when there is none that can be read.
std::optional<trace_step> continue_trace(std::string_view traceparent);

/// The first step of a trace of our own, for that share of the calls that nobody traces yet; nothing for the
/// others.
std::optional<trace_step> begin_trace(unsigned percent);

/// Whether a tracestate may be handed on: a list that others can read, of at most 512 bytes.
bool is_tracestate(std::string_view value);

}  // namespace pusher::http
