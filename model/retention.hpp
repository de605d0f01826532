// How long things stay before they are purged, and what an application may wish otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pusher {

/// Days of 24 hours; 0 days = for ever.
struct retention {
  uint32_t notification_days = 90;      ///< of what has settled, with deliveries and reports; since then
  uint32_t event_days = 30;             ///< of the feed, and of the history of devices
  uint32_t disabled_device_days = 365;  ///< of devices whose token is dead; since it was called so
  uint32_t idempotency_hours = 24;      ///< of keys with the answers that are replayed
};

/// What an application has of its own; nothing = as the configuration says.
struct retention_wish {
  std::optional<uint32_t> notification_days, event_days, disabled_device_days, idempotency_hours;

  retention over(const retention& usual) const;
};

/// One of them: its name in JSON, in SQL and in the configuration's section [retention].
struct retention_field {
  const char* name;
  uint32_t least, most;
  uint32_t retention::*in_force;
  std::optional<uint32_t> retention_wish::*wished;
};

inline constexpr uint32_t most_retention_days = 3650;

inline constexpr std::array<retention_field, 4> retention_fields{{
    {"notification_days", 0, most_retention_days, &retention::notification_days,
     &retention_wish::notification_days},
    {"event_days", 0, most_retention_days, &retention::event_days, &retention_wish::event_days},
    {"disabled_device_days", 0, most_retention_days, &retention::disabled_device_days,
     &retention_wish::disabled_device_days},
    // Clients rely on a day.
    {"idempotency_hours", 24, 720, &retention::idempotency_hours, &retention_wish::idempotency_hours},
}};

inline retention retention_wish::over(const retention& usual) const {
  auto made = usual;
  for (const auto& each : retention_fields)
    made.*each.in_force = (this->*each.wished).value_or(usual.*each.in_force);
  return made;
}

}  // namespace pusher
