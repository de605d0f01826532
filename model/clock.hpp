// Times of day: UTC milliseconds since 1970, and their RFC 3339 text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pusher {

/// UTC milliseconds since the Unix epoch. Names of such values end in `_at` or `_ms`.
using utc_ms = int64_t;

/// This host's clock. For due times and expiry use the database's or Redis's clock instead.
utc_ms now_ms();

/// `2026-11-23T10:00:00.000Z`.
std::string to_rfc3339(utc_ms time);

/// RFC 3339 with any offset and up to nine fractional digits (cut to milliseconds); nothing when malformed.
std::optional<utc_ms> parse_rfc3339(std::string_view text);

}  // namespace pusher
