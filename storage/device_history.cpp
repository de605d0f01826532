#include "storage/device_history.hpp"

#include "storage/device_event_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

struct known_device {
  device_key key;
  utc_ms created_at = 0;
};

result<known_device> find_device(database::connection& on, application_id app, const std::string& device_id) {
  known_device found;
  auto read = on.query("finding a device",
                       "SELECT id, created_at FROM devices WHERE application_id = ? AND device_id = ?",
                       {app, device_id}, [&](const sql_row& row) {
                         found.key.value = row.number(0);
                         found.created_at = row.time(1);
                       });
  if (!read) return read.failure();
  if (!found.key) return error{errc::not_found, "There is no device with this id", "", 0};
  return found;
}

result<notification_key> find_notification(database::connection& on, application_id app,
                                           const std::string& id) {
  notification_key found;
  auto read = on.query("finding a notification",
                       "SELECT id FROM notifications WHERE public_id = ? AND application_id = ?", {id, app},
                       [&](const sql_row& row) { found.value = row.number(0); });
  if (!read) return read.failure();
  if (!found) return error{errc::not_found, "There is no notification with this id", "/notification_id", 0};
  return found;
}

}  // namespace

result<std::vector<device_event>> device_history::list(application_id app, const std::string& device_id,
                                                       std::optional<device_event_type> only, uint64_t before,
                                                       size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<device_event>> {
    auto device = find_device(on, app, device_id);
    if (!device) return device.failure();
    std::string sql =
        "SELECT e.id, e.type, e.at, o.device_id, n.public_id FROM device_events e "
        "LEFT JOIN devices o ON o.application_id = e.application_id AND o.id = e.other_device_id "
        "LEFT JOIN notifications n ON n.id = e.notification_id "
        "WHERE e.application_id = ? AND e.device_id = ? AND e.id < ?";
    sql_parameters parameters{app, device->key, before ? before : UINT64_MAX};
    if (only) {
      sql += " AND e.type = ?";
      parameters.emplace_back(static_cast<unsigned>(*only));
    }
    parameters.emplace_back(limit);
    std::vector<device_event> found;
    auto read = on.query("reading a device's history", sql + " ORDER BY e.id DESC LIMIT ?", parameters,
                         [&](const sql_row& row) {
                           found.push_back({row.number(0), static_cast<device_event_type>(row.number(1)),
                                            std::string(row.text(3)), std::string(row.text(4)), row.time(2)});
                         });
    if (!read) return read.failure();
    if (found.size() < limit && (!only || *only == device_event_type::registered))
      found.push_back({0, device_event_type::registered, "", "", device->created_at});
    return found;
  });
}

result<device_event> device_history::report(application_id app, const std::string& device_id,
                                            device_event_type type,
                                            const std::optional<std::string>& notification_id) {
  return transact(db_, [&](database::connection& on) -> result<device_event> {
    auto device = find_device(on, app, device_id);
    if (!device) return device.failure();
    new_device_event fresh{device->key, type, {}, {}};
    if (notification_id) {
      auto of = find_notification(on, app, *notification_id);
      if (!of) return of.failure();
      fresh.notification = *of;
    }
    feed_rows feed;
    if (auto written = write_device_events(on, app, {fresh}, feed); !written) return written.failure();
    device_event made{0, type, "", notification_id.value_or(""), 0};
    auto read = on.query("reading an event", "SELECT id, at FROM device_events WHERE id = LAST_INSERT_ID()",
                         {}, [&](const sql_row& row) {
                           made.id = row.number(0);
                           made.at = row.time(1);
                         });
    if (!read) return read.failure();
    auto seen = on.execute(
        "noting that a device was seen",
        "UPDATE devices SET last_seen_at = " + touched_last_seen + " WHERE application_id = ? AND id = ?",
        {app, device->key});
    if (!seen) return seen.failure();
    if (auto told = feed.write(on); !told) return told.failure();
    return made;
  });
}

}  // namespace pusher
