#include "http/codec_schedule.hpp"

#include "model/limits.hpp"

namespace pusher::http {

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
  from.refuse("local_time");
}

void write_schedule(json_text& out, const notification_draft& from) {
  if (from.scheduled_at == 0) return;
  out.time("scheduled_at", from.scheduled_at);
  out.field("misfire_grace_seconds", from.misfire_grace_seconds);
}

}  // namespace pusher::http
