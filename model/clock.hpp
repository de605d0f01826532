// Times of day: UTC milliseconds since 1970, and their RFC 3339 text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pusher {

/// UTC milliseconds since the Unix epoch. Names of such values end in `_at` or `_ms`.
using utc_ms = int64_t;

/// The time of day: what this host's clock said when the process began, and the time that passed since.
/// Somebody who sets that clock in the meantime does not change it; `follow_clock` does. For due times and
/// expiry use the database's or Redis's clock instead.
utc_ms now_ms();

/// A clock that nobody sets; its zero means nothing.
int64_t steady_ms();

/// Differences up to this one stay.
inline constexpr int64_t shortest_leap_ms = 1'000;

/// Sets the time of day by a clock that all nodes share, which was asked at that time of `steady_ms`. Gives
/// by how much it was changed: 0 when the two agree, or when the answer took too long to tell.
int64_t follow_clock(utc_ms theirs, int64_t asked_at_ms);

/// `2026-11-23T10:00:00.000Z`.
std::string to_rfc3339(utc_ms time);

/// RFC 3339 with any offset and up to nine fractional digits (cut to milliseconds); nothing when malformed.
std::optional<utc_ms> parse_rfc3339(std::string_view text);

}  // namespace pusher
