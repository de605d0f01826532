#include "model/local_time.hpp"

#include <date/tz.h>

#include <algorithm>
#include <exception>

namespace pusher {

namespace {

constexpr const char* first_known = "2000-01-01T00:00:00Z";
constexpr const char* last_known = "2037-12-31T00:00:00Z";

date::local_seconds as_local(wall_time time) {
  return date::local_seconds(std::chrono::seconds(time.seconds));
}

const date::time_zone* find_zone(std::string_view name) {
  try {
    const auto& zones = date::get_tzdb().zones;
    auto found =
        std::lower_bound(zones.begin(), zones.end(), name,
                         [](const auto& zone, std::string_view wanted) { return zone.name() < wanted; });
    return found != zones.end() && found->name() == name ? &*found : nullptr;
  } catch (const std::exception&) {
    return nullptr;  // the system has no zones
  }
}

std::optional<utc_ms> moment_in(const date::time_zone& zone, wall_time time) {
  try {
    return zone.to_sys(as_local(time), date::choose::earliest).time_since_epoch().count() * 1000;
  } catch (const std::exception&) {
    return std::nullopt;  // its file cannot be read
  }
}

}  // namespace

std::optional<wall_time> parse_wall_time(std::string_view text) {
  // As an RFC 3339 time in UTC it is as many seconds away from 1970.
  std::string whole(text);
  if (whole.size() == 16) whole += ":00";
  if (whole.size() != 19 || whole[10] != 'T') return std::nullopt;
  auto parsed = parse_rfc3339(whole + "Z");
  if (!parsed || *parsed < *parse_rfc3339(first_known) || *parsed > *parse_rfc3339(last_known))
    return std::nullopt;
  return wall_time{*parsed / 1000};
}

std::string to_text(wall_time time) {
  return to_rfc3339(time.seconds * 1000).substr(0, 19);
}

bool is_time_zone(std::string_view name) {
  return find_zone(name) != nullptr;
}

std::optional<utc_ms> moment_in(std::string_view zone, wall_time time) {
  const auto* found = find_zone(zone);
  return found ? moment_in(*found, time) : std::nullopt;
}

std::vector<utc_ms> moments_of(wall_time time) {
  std::vector<utc_ms> moments;
  for (const auto& zone : date::get_tzdb().zones)
    if (auto at = moment_in(zone, time)) moments.push_back(*at);
  std::sort(moments.begin(), moments.end());
  moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
  return moments;
}

}  // namespace pusher
