#include "storage/device_event_rows.hpp"

namespace pusher {

result<void> write_device_events(database::connection& on, application_id app,
                                 const std::vector<new_device_event>& events, feed_rows& feed) {
  using column = bulk_rows::kind;
  if (events.empty()) return {};
  bulk_rows rows({column::number, column::number, column::number, column::number, column::number,
                  column::number, column::number});
  for (const auto& each : events) {
    feed.add(app, event_of(each.type), each.notification, each.device, each.other);
    rows.add(app.value)
        .add(each.device.value)
        .add(static_cast<uint64_t>(each.type))
        .add(each.other.value)
        .add(each.notification.value)
        .add(static_cast<uint64_t>(each.at))
        .add(static_cast<uint64_t>(each.at));
  }
  auto written =
      on.execute_bulk("writing device events",
                      "INSERT INTO device_events (application_id, device_id, type, other_device_id, "
                      "notification_id, at) VALUES (?, ?, ?, ?, ?, IF(? = 0, " +
                          database_now + ", ?))",
                      rows);
  return written ? result<void>() : written.failure();
}

}  // namespace pusher
