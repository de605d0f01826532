#include "storage/delivery_store.hpp"

#include "storage/delivery_recording.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr int careful_tries = 5;

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

delivery_store::listed read_listed(const sql_row& row) {
  delivery_store::listed one;
  one.device.value = row.number(0);
  one.value.device_id = row.text(1);
  one.value.outcome = outcome_from_number(static_cast<uint8_t>(row.number(2))).value_or(outcome::unknown);
  one.value.attempts = static_cast<uint32_t>(row.number(3));
  one.value.code = row.text(4);
  one.value.gateway_message_id = row.text(5);
  one.value.settled_at = row.time(6);
  return one;
}

}  // namespace

result<delivery_store::recorded> delivery_store::record(const std::vector<result_batch>& batches) {
  // Nearly always all rows are new; reading first would double the cost of every push.
  auto how = delivery_recording::mode::optimistic;
  for (int attempt = 0;; ++attempt) {
    bool mixed = false;
    uncounted_answers uncounted;
    auto done = transact(db_, [&](database::connection& on) {
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

result<std::vector<delivery_store::listed>> delivery_store::list(application_id app,
                                                                 const std::string& notification_id,
                                                                 std::optional<outcome> only,
                                                                 device_key after, size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<listed>> {
    auto key = find_notification(on, app, notification_id);
    if (!key) return key.failure();
    // The indexes are forced: on young statistics the optimizer scans all devices for each page.
    std::string sql =
        "SELECT r.device_id, d.device_id, r.outcome, r.attempts, r.code, r.gateway_message_id, r.settled_at "
        "FROM deliveries r FORCE INDEX (PRIMARY) LEFT JOIN devices d FORCE INDEX (PRIMARY) "
        "ON d.application_id = ? AND d.id = r.device_id "
        "WHERE r.notification_id = ? AND r.device_id > ?";
    sql_parameters parameters{app, *key, after};
    if (only) {
      sql += " AND r.outcome = ?";
      parameters.emplace_back(static_cast<unsigned>(*only));
    }
    parameters.emplace_back(limit);
    std::vector<listed> found;
    auto read = on.query("listing deliveries", sql + " ORDER BY r.device_id LIMIT ?", parameters,
                         [&](const sql_row& row) { found.push_back(read_listed(row)); });
    if (!read) return read.failure();
    return found;
  });
}

}  // namespace pusher
