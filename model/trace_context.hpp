// W3C Trace Context: which trace a piece of work belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pusher {

/// A span's place in its trace.
struct trace_context {
  std::string trace_id;  ///< 32 hex digits
  std::string span_id;   ///< 16 hex digits
  bool sampled = false;  ///< whoever began the trace wants it recorded

  /// `00-<trace>-<span>-<flags>`.
  std::string traceparent() const;
};

/// Nothing when the text is not one that can be read. Of a later version only what this one knows is taken.
std::optional<trace_context> parse_traceparent(std::string_view text);

std::string new_trace_id();
std::string new_span_id();
/// An id that every process finds for itself: of the span that does `what` in a trace.
std::string derived_span_id(std::string_view trace_id, std::string_view what);

}  // namespace pusher
