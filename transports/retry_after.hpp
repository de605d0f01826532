// Reads the Retry-After field of an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/clock.hpp"

namespace pusher {

/// Milliseconds from now, between a second and a day; nothing when the field is absent or cannot be read.
/// Takes seconds or an HTTP date; a date is compared with the answer's own `date` when that can be read, so
/// that the two clocks need not agree.
std::optional<int64_t> parse_retry_after(std::string_view field, std::string_view date, utc_ms now);

}  // namespace pusher
