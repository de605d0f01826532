// Wall-clock times: what a clock on the wall shows, wherever it hangs, and when it does so in a time zone.
// Zones are those of the IANA database as the system has it (Debian's package tzdata).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/clock.hpp"

namespace pusher {

/// A date and a time of day without a zone.
struct wall_time {
  int64_t seconds = 0;  ///< since a clock showed 1970-01-01T00:00:00
  friend bool operator==(wall_time a, wall_time b) { return a.seconds == b.seconds; }
};

/// `2030-12-24T18:00` or with seconds; nothing when it is malformed, has a zone, or is not between 2000 and
/// 2037: later rules of zones are not in the database.
std::optional<wall_time> parse_wall_time(std::string_view text);
/// `2030-12-24T18:00:00`.
std::string to_text(wall_time time);

/// Whether this is a zone's name, e.g. `Europe/Berlin`.
bool is_time_zone(std::string_view name);

/// The moment in which clocks of the zone show this time. Where clocks skip it, the moment of the skip; where
/// they show it twice, the first. Nothing when the zone is not known.
std::optional<utc_ms> moment_in(std::string_view zone, wall_time time);

/// The moments of all zones, each once, in order; there are about 40, over 26 hours.
std::vector<utc_ms> moments_of(wall_time time);

}  // namespace pusher
