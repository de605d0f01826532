#include "storage/deleted_notifications.hpp"

#include <algorithm>
#include <vector>

#include "storage/fail_point.hpp"
#include "storage/notification_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

struct deleted_one {
  notification_key key;
  uint64_t rows = 0;
};

/// One, or as many small ones as have no more rows together.
result<std::vector<deleted_one>> find_some(database::connection& on, size_t most_rows) {
  static const std::string sql =
      "SELECT id, " + settled_count + " FROM notifications FORCE INDEX (by_progress) WHERE state = ? LIMIT ?";
  std::vector<deleted_one> found;
  uint64_t rows = 0;
  auto read = on.query("reading deleted notifications", sql,
                       {number(notification_state::deleted), rows_per_list}, [&](const sql_row& row) {
                         rows += row.number(1);
                         if (!found.empty() && rows > most_rows) return false;
                         found.push_back({{row.number(0)}, row.number(1)});
                         return true;
                       });
  if (!read) return read.failure();
  return found;
}

result<uint64_t> delete_of_all(database::connection& on, const char* table, const char* column,
                               const std::vector<notification_key>& keys, size_t most_rows) {
  sql_parameters parameters;
  add_padded(parameters, keys.begin(), keys.end());
  parameters.emplace_back(most_rows);
  return on.execute("deleting rows of notifications",
                    "DELETE FROM " + std::string(table) + " WHERE " + column + " IN (" +
                        placeholders(keys.size()) + ") LIMIT ?",
                    parameters);
}

/// What is left of these. Results that are recorded late count at the notification's row as their last write:
/// with that row locked, none of them can leave rows behind that nobody finds.
result<purged_rows> finish(database::connection& on, const std::vector<notification_key>& keys,
                           size_t most_rows) {
  purged_rows done;
  done.more = true;
  if (auto locked = lock_notifications(on, keys); !locked) return locked.failure();
  auto deliveries = delete_of_all(on, "deliveries", "notification_id", keys, most_rows);
  if (!deliveries) return deliveries.failure();
  done.deliveries = *deliveries;
  if (*deliveries == most_rows) return done;
  auto reports = delete_of_all(on, "reports", "notification_id", keys, most_rows);
  if (!reports) return reports.failure();
  done.reports = *reports;
  if (*reports == most_rows) return done;
  // Last, as by it alone the others are found.
  auto gone = delete_of_all(on, "notifications", "id", keys, keys.size());
  if (!gone) return gone.failure();
  done.notifications = *gone;
  return done;
}

}  // namespace

result<purged_rows> deleted_notifications::purge(size_t most_rows) {
  auto some = with_connection(db_, [&](database::connection& on) { return find_some(on, most_rows); });
  if (!some) return some.failure();
  if (some->empty()) return purged_rows{};
  std::vector<notification_key> keys;
  for (const auto& each : *some)
    keys.push_back(each.key);
  std::sort(keys.begin(), keys.end());
  if (some->front().rows >= most_rows) {
    auto deliveries = with_connection(
        db_, [&](database::connection& on) { return delete_next(on, keys.front(), most_rows); });
    if (!deliveries) return deliveries.failure();
    fail_point("purge.rows_deleted");
    if (*deliveries == most_rows) return purged_rows{0, *deliveries, 0, true};
  }
  return transact(db_, [&](database::connection& on) { return finish(on, keys, most_rows); });
}

/// The rows of one that are next by key. InnoDB keeps deleted rows in their pages until nobody can see them
/// any more: beginning behind them, no step reads those of the steps before.
result<uint64_t> deleted_notifications::delete_next(database::connection& on, notification_key of,
                                                    size_t most_rows) {
  if (!(of == at_)) {
    at_ = of;
    behind_ = {};
  }
  device_key last{UINT64_MAX};
  auto read = on.query("bounding a deletion of deliveries",
                       "SELECT device_id FROM deliveries FORCE INDEX (PRIMARY) WHERE notification_id = ? AND "
                       "device_id > ? ORDER BY device_id LIMIT 1 OFFSET ?",
                       {of, behind_, most_rows - 1}, [&](const sql_row& row) { last.value = row.number(0); });
  if (!read) return read.failure();
  auto gone =
      on.execute("deleting deliveries",
                 "DELETE FROM deliveries WHERE notification_id = ? AND device_id > ? AND device_id <= ?",
                 {of, behind_, last});
  if (gone) behind_ = last;
  return gone;
}

}  // namespace pusher
