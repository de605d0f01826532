// W3C Trace Context: which trace a request belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pusher::http {

struct trace_step {
  std::string trace_id;     ///< 32 hex digits
  std::string traceparent;  ///< the same trace, with an id of our own as the parent of what follows
};

/// Our step in the trace of a request's traceparent; nothing when there is none that can be read.
std::optional<trace_step> continue_trace(std::string_view traceparent);

/// Whether a tracestate may be handed on: a list that others can read, of at most 512 bytes.
bool is_tracestate(std::string_view value);

}  // namespace pusher::http
