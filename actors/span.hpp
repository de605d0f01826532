// A span: one piece of traced work that is over.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/trace_context.hpp"

namespace pusher {

/// Numbers are those of OpenTelemetry.
enum class span_kind : uint8_t { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };

struct span {
  trace_context place;
  std::string parent_id;  ///< empty = the trace begins here
  std::string name;
  span_kind kind = span_kind::internal;
  int64_t started_us = 0, ended_us = 0;  ///< UTC
  /// Names are those of OpenTelemetry's semantic conventions where there is one; never a token or a key.
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::pair<std::string, int64_t>> numbers;
  std::vector<trace_context> links;  ///< spans of other traces that it belongs to
  std::string failure;               ///< empty = it went well
};

}  // namespace pusher
