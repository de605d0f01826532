// How far each webhook has been delivered, as the one deliverer records it.
#include "storage/application_store.hpp"
#include "storage/fencing.hpp"
#include "storage/transaction.hpp"
#include "storage/webhook_rows.hpp"
#include "storage/webhook_store.hpp"

namespace pusher {

namespace {

using version = webhook_progress_store::version;

constexpr unsigned enabled_number = static_cast<unsigned>(webhook_state::enabled);

webhook_job read_job(const sql_row& row) {
  webhook_job found;
  found.key.value = row.number(0);
  found.id = row.text(1);
  found.application.value = row.number(2);
  found.generation = row.number(3);
  found.url = row.text(4);
  found.events = parse_event_names(row.text(5));
  found.max_events = static_cast<uint32_t>(row.number(6));
  found.max_wait_ms = static_cast<uint32_t>(row.number(7));
  found.cursor = {row.number(8), row.time(9), row.number(10)};
  if (row.number(11) != 0) found.batch_end = feed_position{row.number(11), row.time(12), row.number(13)};
  found.tries = static_cast<uint32_t>(row.number(14));
  found.due_in_ms = row.time(15);
  found.sealed_secrets = signing_secrets(row, 16);
  return found;
}

/// Runs `write`, which gives the number of rows that it changed, and then notes the attempt.
template <class Write>
result<bool> record(database& db, uint64_t epoch, const version& of, const webhook_attempt* attempt,
                    size_t kept, const Write& write) {
  return transact(db, [&](database::connection& on) -> result<bool> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads.failure();
    result<uint64_t> written = write(on);
    if (!written) return written.failure();
    if (*written == 0) return false;
    if (attempt)
      if (auto noted = write_attempt(on, of.key, *attempt, kept); !noted) return noted.failure();
    return true;
  });
}

const std::string of_this_version = " WHERE id = ? AND generation = ? AND state = 1";

}  // namespace

result<std::vector<webhook_progress_store::at_work>> webhook_progress_store::enabled() {
  static const std::string sql =
      "SELECT w.id, w.generation, CAST(IFNULL(f.head, 0) AS UNSIGNED) FROM webhooks w LEFT JOIN feed_heads f "
      "ON f.application_id = w.application_id WHERE w.state = ? AND w." +
      of_active_applications + " ORDER BY w.id";
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<at_work>> {
    std::vector<at_work> found;
    auto read = on.query("reading enabled webhooks", sql, {enabled_number}, [&](const sql_row& row) {
      found.push_back({{{row.number(0)}, row.number(1)}, row.number(2)});
    });
    if (!read) return read.failure();
    return found;
  });
}

result<std::optional<webhook_job>> webhook_progress_store::load(webhook_key key) {
  static const std::string sql =
      "SELECT id, public_id, application_id, generation, url, events, max_events, max_wait_ms, cursor_row, "
      "cursor_at, cursor_offset, batch_row, batch_at, batch_offset, tries, GREATEST(0, next_try_at - " +
      database_now + "), " + secret_columns + " FROM webhooks WHERE id = ? AND state = ? AND " +
      of_active_applications;
  return with_connection(db_, [&](database::connection& on) -> result<std::optional<webhook_job>> {
    std::optional<webhook_job> found;
    auto read = on.query("reading a webhook", sql, {key, enabled_number},
                         [&](const sql_row& row) { found = read_job(row); });
    if (!read) return read.failure();
    return found;
  });
}

result<bool> webhook_progress_store::begin_batch(uint64_t epoch, const version& of,
                                                 const feed_position& end) {
  static const std::string sql =
      "UPDATE webhooks SET batch_row = ?, batch_at = ?, batch_offset = ?" + of_this_version;
  return record(db_, epoch, of, nullptr, kept_attempts_, [&](database::connection& on) {
    return on.execute("beginning a webhook's batch", sql,
                      {end.row, end.at, end.offset, of.key, of.generation});
  });
}

result<bool> webhook_progress_store::advance(uint64_t epoch, const version& of, const feed_position& cursor,
                                             const webhook_attempt* taken) {
  static const std::string moved =
      "UPDATE webhooks SET cursor_row = ?, cursor_at = ?, cursor_offset = ?, batch_row = 0, batch_at = 0, "
      "batch_offset = 0, tries = 0, next_try_at = 0";
  static const std::string skipped = moved + of_this_version;
  static const std::string delivered =
      moved + ", failing_since = 0, last_trouble = '', last_taken_at = " + database_now + of_this_version;
  return record(db_, epoch, of, taken, kept_attempts_, [&](database::connection& on) {
    return on.execute("moving a webhook's cursor", taken ? delivered : skipped,
                      {cursor.row, cursor.at, cursor.offset, of.key, of.generation});
  });
}

result<bool> webhook_progress_store::failed(uint64_t epoch, const version& of, const webhook_attempt& attempt,
                                            const consequence& then) {
  static const std::string sql = "UPDATE webhooks SET tries = tries + 1, next_try_at = IF(? = 1, " +
                                 database_now + " + ?, 0), failing_since = IF(failing_since = 0, " +
                                 database_now + ", failing_since), disabled_at = IF(? = 1, 0, " +
                                 database_now + "), last_trouble = ?, state = ?" + of_this_version;
  auto state = static_cast<unsigned>(then.state);
  auto trouble = attempt.trouble.substr(0, 255);
  return record(db_, epoch, of, &attempt, kept_attempts_, [&](database::connection& on) {
    return on.execute("noting a webhook's failure", sql,
                      {state, then.wait_ms, state, trouble, state, of.key, of.generation});
  });
}

}  // namespace pusher
