// The history of devices, written within the caller's transaction.
#pragma once

#include <string>
#include <vector>

#include "model/device.hpp"
#include "model/ids.hpp"
#include "storage/connection.hpp"
#include "storage/feed_rows.hpp"

namespace pusher {

/// How often a device's last_seen_at is written at most, milliseconds: it would else cost a row write per
/// call.
constexpr utc_ms last_seen_precision_ms = 3'600'000;

/// The value that last_seen_at of a row becomes when its device is seen.
inline const std::string touched_last_seen = "IF(last_seen_at > " + database_now + " - " +
                                             std::to_string(last_seen_precision_ms) + ", last_seen_at, " +
                                             database_now + ")";

struct new_device_event {
  device_key device;
  device_event_type type = device_event_type::registered;
  device_key other;
  notification_key notification;
  utc_ms at = 0;  ///< 0 = now
};

/// Writes them and adds them to what the transaction tells the feed.
result<void> write_device_events(database::connection& on, application_id app,
                                 const std::vector<new_device_event>& events, feed_rows& feed);

}  // namespace pusher
