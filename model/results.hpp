// What clients ask about results: which deliveries, which notifications, what they report, and why a device
// did not get a notification.
#pragma once

#include <optional>
#include <string>

#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/notification.hpp"
#include "model/outcome.hpp"

namespace pusher {

/// Which deliveries of a notification are wanted; what is not set does not matter.
struct delivery_filter {
  std::optional<pusher::outcome> outcome;
  std::optional<pusher::gateway> gateway;
  std::optional<std::string> code;
  std::optional<std::string> device_id;

  bool selective() const { return outcome || gateway || code; }
};

struct notification_filter {
  std::optional<notification_state> state;
  std::optional<std::string> external_id;
  utc_ms created_from = 0;  ///< 0 = from the first
  utc_ms created_to = 0;    ///< before this; 0 = up to the newest
};

/// What a client says that it did with a notification.
struct client_report {
  std::string device_id;
  device_event_type type = device_event_type::received;  ///< received or opened
  std::optional<std::string> notification_id;
};

enum class report_status : uint8_t {
  recorded,
  repeated,  ///< it was reported before, and does not count again
  no_such_device,
  no_such_notification
};
struct recorded_report {
  report_status status = report_status::recorded;
  utc_ms at = 0;  ///< when it was recorded first
};

}  // namespace pusher
