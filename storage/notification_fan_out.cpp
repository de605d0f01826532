#include "storage/application_store.hpp"
#include "storage/draft_codec.hpp"
#include "storage/fencing.hpp"
#include "storage/notification_rows.hpp"
#include "storage/notification_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t sweep_length = 1000;

error no_such_notification() {
  return {errc::not_found, "There is no such notification", "", 0};
}

/// What the senders are told.
message make_message(const notification_draft& draft, notification_key key, utc_ms expires_at) {
  auto value = message_of(draft);
  value.key = key;
  value.expires_at = expires_at;
  return value;
}

result<fan_out_task> read_task(const sql_row& row, notification_key key) {
  fan_out_task task;
  task.key = key;
  task.application.value = row.number(0);
  task.lane = static_cast<lane>(row.number(1));
  task.state = static_cast<notification_state>(row.number(2));
  task.last_device.value = row.number(3);
  task.launched_at = row.time(7);
  if (!row.null(8)) {
    task.audience = audience_condition{std::string(row.text(8))};
  } else {
    auto wanted = decode_audience(row.text(4));
    if (!wanted) return wanted.failure();
    task.audience = std::move(*wanted);
  }
  notification_draft draft;
  if (auto read = decode_draft(row.text(5), draft); !read) return read.failure();
  if (draft.local_time)
    task.wave = fan_out_wave{static_cast<unsigned>(row.number(9)),
                             row.time(10),
                             row.time(11),
                             row.time(11) + row.time(12) * 1000,
                             *draft.local_time,
                             draft.default_time_zone,
                             row.time(13) * 1000};
  task.message = make_message(draft, key, row.time(6));
  return task;
}

}  // namespace

result<std::vector<fan_out_job>> notification_store::worklist(size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<fan_out_job>> {
    std::vector<fan_out_job> jobs;
    auto read = on.query(
        "reading the worklist",
        "SELECT id, state FROM notifications WHERE state IN (?, ?, ?) AND fan_out_done = 0 AND (state = ? OR "
        "(wave_due <= " +
            database_now + " AND (expires_at <= " + database_now + " OR " + of_active_applications +
            "))) ORDER BY id LIMIT ?",
        {number(notification_state::launched), number(notification_state::sending),
         number(notification_state::canceled), number(notification_state::canceled), limit},
        [&](const sql_row& row) {
          jobs.push_back({{row.number(0)}, row.number(1) == number(notification_state::canceled)});
        });
    if (!read) return read.failure();
    return jobs;
  });
}

result<fan_out_task> notification_store::task(notification_key key) {
  return with_connection(db_, [&](database::connection& on) -> result<fan_out_task> {
    auto found = result<fan_out_task>(no_such_notification());
    auto read = on.query(
        "reading a notification",
        "SELECT application_id, lane, state, audience_last_device, audience, draft, expires_at, "
        "launched_at, condition_at_launch, wave, wave_from, wave_due, ttl_seconds, misfire_grace_seconds "
        "FROM notifications WHERE id = ?",
        {key}, [&](const sql_row& row) { found = read_task(row, key); });
    if (!read) return read.failure();
    return found;
  });
}

result<message> notification_store::load_message(notification_key key) {
  return with_connection(db_, [&](database::connection& on) -> result<message> {
    auto found = result<message>(no_such_notification());
    auto read = on.query("reading a notification", "SELECT draft, expires_at FROM notifications WHERE id = ?",
                         {key}, [&](const sql_row& row) {
                           notification_draft draft;
                           if (auto decoded = decode_draft(row.text(0), draft); decoded)
                             found = make_message(draft, key, row.time(1));
                           else
                             found = decoded.failure();
                         });
    if (!read) return read.failure();
    return found;
  });
}

result<void> notification_store::begin_sending(notification_key key, uint64_t epoch) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads;
    auto begun =
        on.execute("beginning to send", "UPDATE notifications SET state = ? WHERE id = ? AND state IN (?, ?)",
                   {number(notification_state::sending), key, number(notification_state::launched),
                    number(notification_state::sending)});
    if (!begun) return begun.failure();
    if (*begun == 0) return error{errc::wrong_state, "The notification is not under way", "", 0};
    return {};
  });
}

result<void> notification_store::record_audience(notification_key key, uint64_t epoch, uint64_t targets,
                                                 bool done) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads;
    // Once done, the audience is final: a repeat changes nothing.
    auto recorded = on.execute(
        "recording an audience",
        "UPDATE notifications SET audience_count = ?, fan_out_done = ? WHERE id = ? AND fan_out_done = 0",
        {targets, done ? 1 : 0, key});
    if (!recorded) return recorded.failure();
    if (!done) return {};
    auto completed = complete_and_tell(on, key);
    return completed ? result<void>() : completed.failure();
  });
}

result<void> notification_store::finish_wave(notification_key key, uint64_t epoch, uint64_t targets,
                                             unsigned wave, utc_ms next_due) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads;
    auto recorded =
        on.execute("finishing a wave",
                   "UPDATE notifications SET audience_count = ?, wave = wave + 1, "
                   "wave_from = wave_due, wave_due = ? WHERE id = ? AND wave = ? AND fan_out_done = 0",
                   {targets, next_due, key, wave});
    return recorded ? result<void>() : recorded.failure();
  });
}

result<size_t> notification_store::sweep_completed() {
  static const std::string sql = "SELECT id FROM notifications WHERE " + when_settled + " LIMIT ?";
  std::vector<notification_key> found;
  auto read = with_connection(db_, [&](database::connection& on) {
    return on.query("finding what is complete", sql, {sweep_length},
                    [&](const sql_row& row) { found.push_back({row.number(0)}); });
  });
  if (!read) return read.failure();
  size_t completed = 0;
  for (auto key : found) {
    auto done = transact(db_, [&](database::connection& on) { return complete_and_tell(on, key); });
    if (!done) return done.failure();
    completed += *done ? 1 : 0;
  }
  return completed;
}

}  // namespace pusher
