// The headers that tell a client of its limit.
#pragma once

#include "http/exchange.hpp"
#include "http/rate_meter.hpp"
#include "model/clock.hpp"

namespace pusher::http {

/// RateLimit and RateLimit-Policy as structured fields, and the older X-RateLimit-* that many clients read.
void add_rate_headers(response& to, const rate_reading& rate, utc_ms now);
/// Copies them, for an answer that is written piece by piece.
void copy_rate_headers(response& to, const response& from);

}  // namespace pusher::http
