#include "storage/delivery_store.hpp"

#include "storage/delivery_recording.hpp"
#include "storage/device_rows.hpp"
#include "storage/notification_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr int careful_tries = 5;
constexpr size_t most_looked_through = 100'000;

/// The gateway of a push that never left is the device's.
const std::string select_deliveries =
    "SELECT r.device_id, d.device_id, r.outcome, r.attempts, r.code, r.gateway_message_id, r.settled_at, "
    "IF(r.gateway = 0, d.gateway, r.gateway) FROM deliveries r FORCE INDEX (PRIMARY) LEFT JOIN devices d "
    "FORCE INDEX "
    "(PRIMARY) ON d.application_id = ? AND d.id = r.device_id WHERE r.notification_id = ? AND ";

result<notification_key> find_notification(database::connection& on, application_id app,
                                           const std::string& id) {
  notification_key key;
  auto read = on.query("finding a notification",
                       "SELECT id FROM notifications WHERE public_id = ? AND application_id = ?", {id, app},
                       [&](const sql_row& row) { key.value = row.number(0); });
  if (!read) return read.failure();
  if (!key) return error{errc::not_found, "There is no notification with this id", "", 0};
  return key;
}

result<device_key> find_device(database::connection& on, application_id app, const std::string& id) {
  device_key key;
  auto read =
      on.query("finding a device", "SELECT id FROM devices WHERE application_id = ? AND device_id = ?",
               {app, id}, [&](const sql_row& row) { key.value = row.number(0); });
  if (!read) return read.failure();
  return key;
}

delivery read_delivery(const sql_row& row) {
  delivery one;
  one.device_id = row.text(1);
  one.outcome = outcome_from_number(static_cast<uint8_t>(row.number(2))).value_or(outcome::unknown);
  one.attempts = static_cast<uint32_t>(row.number(3));
  one.code = row.text(4);
  one.gateway_message_id = row.text(5);
  one.settled_at = row.time(6);
  if (row.number(7) != 0) one.gateway = static_cast<gateway>(row.number(7));
  return one;
}

/// Where looking through stops; 0 = the end is nearer than that.
result<device_key> bound_behind(database::connection& on, notification_key of, device_key after) {
  device_key bound;
  auto read =
      on.query("bounding a list of deliveries",
               "SELECT device_id FROM deliveries FORCE INDEX (PRIMARY) WHERE notification_id = ? AND "
               "device_id > ? ORDER BY device_id LIMIT 1 OFFSET ?",
               {of, after, most_looked_through}, [&](const sql_row& row) { bound.value = row.number(0); });
  if (!read) return read.failure();
  return bound;
}

result<delivery_store::page> list_some(database::connection& on, application_id app, notification_key of,
                                       const delivery_filter& wanted, device_key after, size_t limit) {
  device_key bound;
  if (wanted.selective()) {
    auto found = bound_behind(on, of, after);
    if (!found) return found.failure();
    bound = *found;
  }
  std::string sql = select_deliveries + "r.device_id > ? AND r.device_id <= ?";
  sql_parameters parameters{app, of, after, bound ? bound.value : UINT64_MAX};
  if (wanted.outcome) {
    sql += " AND r.outcome = ?";
    parameters.emplace_back(static_cast<unsigned>(*wanted.outcome));
  }
  if (wanted.gateway) {
    sql += " AND IF(r.gateway = 0, d.gateway, r.gateway) = ?";
    parameters.emplace_back(static_cast<unsigned>(*wanted.gateway));
  }
  if (wanted.code) {
    sql += " AND r.code = ?";
    parameters.emplace_back(*wanted.code);
  }
  parameters.emplace_back(limit + 1);
  delivery_store::page made;
  bool more = false;
  auto read = on.query("listing deliveries", sql + " ORDER BY r.device_id LIMIT ?", parameters,
                       [&](const sql_row& row) {
                         if (made.deliveries.size() == limit) {
                           more = true;
                           return;
                         }
                         made.next.value = row.number(0);
                         made.deliveries.push_back(read_delivery(row));
                       });
  if (!read) return read.failure();
  made.at_end = !more && !bound;
  if (!more) made.next = bound;
  return made;
}

result<delivery_store::page> list_one(database::connection& on, application_id app, notification_key of,
                                      const delivery_filter& wanted) {
  delivery_store::page made;
  made.at_end = true;
  auto device = find_device(on, app, *wanted.device_id);
  if (!device) return device.failure();
  auto read = on.query("reading a delivery", select_deliveries + "r.device_id = ?", {app, of, *device},
                       [&](const sql_row& row) {
                         auto one = read_delivery(row);
                         if ((!wanted.outcome || one.outcome == *wanted.outcome) &&
                             (!wanted.gateway || one.gateway == wanted.gateway) &&
                             (!wanted.code || one.code == *wanted.code))
                           made.deliveries.push_back(std::move(one));
                       });
  if (!read) return read.failure();
  return made;
}

result<void> read_reports(database::connection& on, delivery_trace& into) {
  auto read = on.query("reading a device's reports",
                       "SELECT type, at FROM reports WHERE notification_id = ? AND device_id = ?",
                       {into.target.key, into.device.key}, [&](const sql_row& row) {
                         bool opened = row.number(0) == static_cast<uint64_t>(device_event_type::opened);
                         (opened ? into.opened_at : into.received_at) = row.time(1);
                       });
  return read ? result<void>() : read.failure();
}

}  // namespace

result<delivery_store::recorded> delivery_store::record(const std::vector<result_batch>& batches,
                                                        const gate& first) {
  // Nearly always all rows are new; reading first would double the cost of every push.
  auto how = delivery_recording::mode::optimistic;
  for (int attempt = 0;; ++attempt) {
    bool mixed = false;
    uncounted_answers uncounted;
    auto done = transact(db_, [&](database::connection& on) -> result<recorded> {
      if (auto may = first ? first(on) : result<void>(); !may) return may.failure();
      delivery_recording recording(on, batches, guard_, uncounted_);
      auto outcome = recording.run(how);
      mixed = recording.mixed();
      uncounted = recording.uncounted();
      return outcome;
    });
    if (done) uncounted_ = std::move(uncounted);
    // A concurrent call for the same devices can insert between our look and our insert, so the careful way
    // may have to look again; the rows it meets then are committed or waited for.
    if (done || !mixed) return done;
    if (attempt == careful_tries)
      return error{errc::store_unavailable, "Results were recorded by others at the same time", "", 1};
    how = delivery_recording::mode::careful;
  }
}

result<delivery_store::page> delivery_store::list(application_id app, const std::string& notification_id,
                                                  const delivery_filter& wanted, device_key after,
                                                  size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<page> {
    auto key = find_notification(on, app, notification_id);
    if (!key) return key.failure();
    return wanted.device_id ? list_one(on, app, *key, wanted)
                            : list_some(on, app, *key, wanted, after, limit);
  });
}

result<delivery_trace> delivery_store::trace(application_id app, const std::string& notification_id,
                                             const std::string& device_id) {
  static const std::string select_device =
      "SELECT " + stored_device_columns + " FROM devices WHERE application_id = ? AND device_id = ?";
  return with_connection(db_, [&](database::connection& on) -> result<delivery_trace> {
    auto target = read_one(on, "public_id = ? AND application_id = ?", {notification_id, app});
    if (!target) return target.failure();
    delivery_trace made;
    made.target = std::move(*target);
    auto last = on.query("reading the last device of an audience",
                         "SELECT audience_last_device FROM notifications WHERE id = ?", {made.target.key},
                         [&](const sql_row& row) { made.last_device.value = row.number(0); });
    if (!last) return last.failure();
    auto device = on.query("reading a device", select_device, {app, device_id},
                           [&](const sql_row& row) { made.device = read_stored_device(row); });
    if (!device) return device.failure();
    if (*device == 0) return error{errc::not_found, "There is no device with this id", "", 0};
    auto row = on.query("reading a delivery", select_deliveries + "r.device_id = ?",
                        {app, made.target.key, made.device.key},
                        [&](const sql_row& found) { made.settled = read_delivery(found); });
    if (!row) return row.failure();
    if (auto reports = read_reports(on, made); !reports) return reports.failure();
    return made;
  });
}

}  // namespace pusher
