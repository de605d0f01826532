#include <algorithm>

#include "storage/application_store.hpp"
#include "storage/draft_codec.hpp"
#include "storage/feed_rows.hpp"
#include "storage/fencing.hpp"
#include "storage/journal_identity.hpp"
#include "storage/key_condition.hpp"
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
  task.application.value = row.number(1);
  task.lane = static_cast<lane>(row.number(2));
  task.state = static_cast<notification_state>(row.number(3));
  task.last_device.value = row.number(4);
  task.launched_at = row.time(8);
  if (!row.null(9)) {
    task.audience = audience_condition{std::string(row.text(9))};
  } else {
    auto wanted = decode_audience(row.text(5));
    if (!wanted) return wanted.failure();
    task.audience = std::move(*wanted);
  }
  notification_draft draft;
  if (auto read = decode_draft(row.text(6), draft); !read) return read.failure();
  if (draft.local_time)
    task.wave = fan_out_wave{static_cast<unsigned>(row.number(10)),
                             row.time(11),
                             row.time(12),
                             row.time(12) + row.time(13) * 1000,
                             *draft.local_time,
                             draft.default_time_zone,
                             row.time(14) * 1000};
  task.bytes = row.text(5).size() + row.text(6).size();
  task.rebuilt = row.number(15) != 0;
  if (task.rebuilt) task.settled = row.number(16);
  task.id = row.text(17);
  task.message = make_message(draft, key, row.time(7));
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

result<std::vector<std::pair<notification_key, result<fan_out_task>>>> notification_store::tasks(
    std::vector<notification_key> keys, size_t most_bytes) {
  using found_tasks = std::vector<std::pair<notification_key, result<fan_out_task>>>;
  std::sort(keys.begin(), keys.end());
  found_tasks found;
  if (keys.empty()) return found;
  return with_connection(db_, [&](database::connection& on) -> result<found_tasks> {
    size_t bytes = 0;
    auto next = keys.begin();
    auto missing_before = [&](notification_key key) {
      for (; next != keys.end() && *next < key; ++next)
        found.emplace_back(*next, no_such_notification());
    };
    auto take = [&](const sql_row& row) {
      notification_key key{row.number(0)};
      missing_before(key);
      found.emplace_back(key, read_task(row, key));
      ++next;
      bytes += row.text(5).size() + row.text(6).size();
      return bytes < most_bytes;
    };
    key_condition these(keys);
    sql_parameters parameters;
    these.add_to(parameters);
    auto read = on.query(
        "reading notifications",
        "SELECT id, application_id, lane, state, audience_last_device, audience, draft, expires_at, "
        "launched_at, condition_at_launch, wave, wave_from, wave_due, ttl_seconds, misfire_grace_seconds, "
        "rebuilt, " +
            settled_count + ", public_id FROM notifications FORCE INDEX (PRIMARY) WHERE " + these.sql() +
            " ORDER BY id",
        parameters, take);
    if (!read) return read.failure();
    if (bytes < most_bytes) missing_before({UINT64_MAX});
    return found;
  });
}

result<std::string> notification_store::id_of(notification_key key) {
  return with_connection(db_, [&](database::connection& on) -> result<std::string> {
    std::string id;
    auto read = on.query("reading a notification's id", "SELECT public_id FROM notifications WHERE id = ?",
                         {key}, [&](const sql_row& row) { id = row.text(0); });
    if (!read) return read.failure();
    if (id.empty()) return no_such_notification();
    return id;
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

result<std::set<notification_key>> notification_store::begin_sending(
    const std::vector<notification_key>& keys, uint64_t epoch) {
  using marked = std::set<notification_key>;
  return transact(db_, [&](database::connection& on) -> result<marked> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads.failure();
    marked sending;
    if (keys.empty()) return sending;
    sql_parameters parameters;
    add_padded(parameters, keys.begin(), keys.end());
    parameters.emplace_back(number(notification_state::launched));
    parameters.emplace_back(number(notification_state::sending));
    auto list = placeholders(keys.size());
    auto read = on.query("reading what begins to send",
                         "SELECT id FROM notifications FORCE INDEX (PRIMARY) WHERE id IN (" + list +
                             ") AND state IN (?, ?) ORDER BY id FOR UPDATE",
                         parameters, [&](const sql_row& row) { sending.insert({row.number(0)}); });
    if (!read) return read.failure();
    parameters.insert(parameters.begin(), number(notification_state::sending));
    auto begun = on.execute(
        "beginning to send",
        "UPDATE notifications SET state = ? WHERE id IN (" + list + ") AND state IN (?, ?)", parameters);
    if (!begun) return begun.failure();
    return sending;
  });
}

result<void> notification_store::record_audience(notification_key key, uint64_t epoch, uint64_t targets) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads;
    auto recorded = on.execute(
        "recording an audience",
        // Of one that is begun anew more was known already.
        "UPDATE notifications SET audience_count = IF(rebuilt, GREATEST(audience_count, ?), ?) WHERE id = ? "
        "AND fan_out_done = 0",
        {targets, targets, key});
    return recorded ? result<void>() : recorded.failure();
  });
}

namespace {

result<void> close_audience(database::connection& on, uint64_t targets,
                            const std::vector<notification_key>& of) {
  key_condition these(of);
  sql_parameters parameters{targets, number(notification_state::launched),
                            number(notification_state::sending)};
  these.add_to(parameters);
  auto closed =
      on.execute("recording audiences",
                 "UPDATE notifications SET audience_count = ?, fan_out_done = 1, state = IF(state = ?, "
                 "?, state) WHERE " +
                     these.sql() + " AND fan_out_done = 0",
                 parameters);
  return closed ? result<void>() : closed.failure();
}

}  // namespace

result<std::vector<std::string>> notification_store::conclude(std::vector<final_audience> audiences,
                                                              uint64_t epoch, uint64_t pages) {
  using ids = std::vector<std::string>;
  if (audiences.empty()) return ids();
  std::sort(audiences.begin(), audiences.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  std::vector<notification_key> keys;
  std::map<uint64_t, std::vector<notification_key>> by_size;  // most are for one device
  for (const auto& each : audiences) {
    keys.push_back(each.key);
    by_size[each.targets].push_back(each.key);
  }
  return transact(db_, [&](database::connection& on) -> result<ids> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads.failure();
    // Writers must lock them in the same order; one statement does so by itself.
    if (by_size.size() > 1 || keys.size() > rows_per_list)
      if (auto locked = lock_notifications(on, keys); !locked) return locked.failure();
    for (const auto& [targets, of] : by_size)
      for (const auto& part : in_lists(of))
        if (auto closed = close_audience(on, targets, part); !closed) return closed.failure();
    auto completed = complete_settled(on, keys);
    if (!completed) return completed.failure();
    // Other than this only a rebuild writes that row, under another epoch.
    if (auto noted = note_pages(on, pages); !noted) return noted.failure();
    feed_rows feed;
    ids known_as;
    for (auto& [key, which] : *completed) {
      feed.add(which.application, event_type::notification_settled, key, {});
      known_as.push_back(std::move(which.id));
    }
    if (auto told = feed.write(on); !told) return told.failure();
    return known_as;
  });
}

result<void> notification_store::finish_wave(notification_key key, uint64_t epoch, uint64_t targets,
                                             unsigned wave, utc_ms next_due, uint64_t pages) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads;
    auto recorded =
        on.execute("finishing a wave",
                   "UPDATE notifications SET audience_count = ?, wave = wave + 1, "
                   "wave_from = wave_due, wave_due = ? WHERE id = ? AND wave = ? AND fan_out_done = 0",
                   {targets, next_due, key, wave});
    if (!recorded) return recorded.failure();
    return note_pages(on, pages);
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
