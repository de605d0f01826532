// Notifications whose journal was lost.
#include "storage/draft_codec.hpp"
#include "storage/fencing.hpp"
#include "storage/notification_launch.hpp"
#include "storage/notification_rows.hpp"
#include "storage/notification_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

struct unsettled {
  std::vector<notification_key> keys;
  std::vector<std::pair<notification_key, notification_draft>> with_waves;  ///< some of which are over
  notification_store::begun_anew counted;
};

result<unsettled> find_unsettled(database::connection& on, notification_key after, size_t most) {
  static const std::string sql =
      "SELECT id, IF(wave > 0, draft, NULL), " + settled_count +
      " FROM notifications FORCE INDEX (by_progress) WHERE id > ? AND state IN (?, ?, ?, ?) AND "
      "completed_at = 0 ORDER BY id LIMIT ?";
  unsettled found;
  auto read = on.query("finding what is not settled", sql,
                       {after, number(notification_state::launched), number(notification_state::sending),
                        number(notification_state::paused), number(notification_state::canceled), most},
                       [&](const sql_row& row) {
                         notification_key key{row.number(0)};
                         found.keys.push_back(key);
                         found.counted.settled += row.number(2);
                         // One that cannot be read is left to fan-out, which says so.
                         notification_draft draft;
                         if (!row.null(1) && decode_draft(row.text(1), draft))
                           found.with_waves.emplace_back(key, std::move(draft));
                       });
  if (!read) return read.failure();
  found.counted.notifications = found.keys.size();
  found.counted.more = found.keys.size() == most;
  if (!found.keys.empty()) found.counted.last = found.keys.back();
  return found;
}

}  // namespace

result<notification_store::begun_anew> notification_store::begin_anew(uint64_t epoch, notification_key after,
                                                                      size_t most) {
  return transact(db_, [&](database::connection& on) -> result<begun_anew> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads.failure();
    auto found = find_unsettled(on, after, most);
    if (!found) return found.failure();
    if (auto locked = lock_notifications(on, found->keys); !locked) return locked.failure();
    for (const auto& part : in_lists(found->keys)) {
      sql_parameters parameters;
      add_padded(parameters, part.begin(), part.end());
      auto begun = on.execute("beginning anew",
                              "UPDATE notifications SET fan_out_done = 0, rebuilt = 1 WHERE id IN (" +
                                  placeholders(part.size()) + ") AND completed_at = 0",
                              parameters);
      if (!begun) return begun.failure();
    }
    // Each wave again, so that each device has its own time-to-live.
    for (const auto& [key, draft] : found->with_waves) {
      auto begun = on.execute("beginning the waves anew",
                              "UPDATE notifications SET wave = 0, wave_from = 0, wave_due = "
                              "GREATEST(launched_at, ?) WHERE id = ? AND completed_at = 0",
                              {due_of(draft), key});
      if (!begun) return begun.failure();
    }
    return found->counted;
  });
}

result<std::vector<device_key>> notification_store::settled_devices(notification_key key, device_key first,
                                                                    device_key last) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<device_key>> {
    std::vector<device_key> found;
    auto read =
        on.query("reading who is settled",
                 "SELECT device_id FROM deliveries FORCE INDEX (PRIMARY) WHERE notification_id = ? AND "
                 "device_id BETWEEN ? AND ? ORDER BY device_id",
                 {key, first, last}, [&](const sql_row& row) { found.push_back({row.number(0)}); });
    if (!read) return read.failure();
    return found;
  });
}

}  // namespace pusher
