#include "http/codec_schedule.hpp"

#include "model/limits.hpp"

namespace pusher::http {

namespace {
constexpr const char* unknown_zone =
    "There is no such time zone; name one of the IANA database, e.g. Europe/Berlin.";
}

void read_schedule(field_reader& from, notification_draft& into) {
  if (auto text = from.text("scheduled_at", {64, 1})) {
    auto at = parse_rfc3339(*text);
    if (!at || *at <= 0)
      from.fail(errc::invalid_field, "scheduled_at", "A time is RFC 3339, e.g. 2030-12-24T18:00:00Z.");
    into.scheduled_at = at.value_or(0);
    if (into.launch)
      from.fail(errc::invalid_field, "scheduled_at",
                "What is launched at once cannot be scheduled; leave out scheduled_at or launch.");
  }
  if (auto grace = from.number("misfire_grace_seconds", 0, limits::misfire_grace_seconds_max))
    into.misfire_grace_seconds = static_cast<uint32_t>(*grace);
  if (auto text = from.text("local_time", {64, 1})) {
    into.local_time = parse_wall_time(*text);
    if (!into.local_time)
      from.fail(errc::invalid_field, "local_time",
                "A local time is what clocks show, without a zone, until 2037: e.g. 2030-12-24T18:00:00.");
    if (into.scheduled_at != 0)
      from.fail(errc::invalid_field, "local_time", "Give either scheduled_at or local_time.");
  }
  if (auto zone = from.text("default_time_zone", {limits::time_zone_bytes, 1})) {
    if (!into.local_time)
      from.fail(errc::invalid_field, "default_time_zone", "A default_time_zone goes with local_time.");
    if (!is_time_zone(*zone)) from.fail(errc::invalid_field, "default_time_zone", unknown_zone);
    into.default_time_zone = std::move(*zone);
  }
}

void write_schedule(json_text& out, const notification_draft& from) {
  if (from.local_time) {
    out.field("local_time", to_text(*from.local_time));
    out.field("default_time_zone", from.default_time_zone);
  }
  out.time("scheduled_at", from.scheduled_at);
  if (from.scheduled_at == 0 && !from.local_time) return;
  out.field("misfire_grace_seconds", from.misfire_grace_seconds);
}

}  // namespace pusher::http
