#include "storage/application_purge.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "model/job.hpp"
#include "model/notification.hpp"
#include "storage/notification_rows.hpp"
#include "storage/property_index_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

using state = notification_state;

constexpr size_t most_at_once = 10;  // applications that one step looks at

struct deleted_application {
  application_id key;
  bool outlived_grace = false;
};

result<std::vector<deleted_application>> find_deleted(database::connection& on, utc_ms grace_ms) {
  std::vector<deleted_application> found;
  auto read = on.query("looking for deleted applications",
                       "SELECT id, deleted_at + ? < " + database_now +
                           " FROM applications WHERE deleted_at > 0 ORDER BY deleted_at LIMIT ?",
                       {grace_ms, most_at_once}, [&](const sql_row& row) {
                         found.push_back({{row.number(0)}, row.number(1) != 0});
                       });
  if (!read) return read.failure();
  return found;
}

/// Notifications become nobody's once they are settled; deleted_notifications does the rest.
result<uint64_t> release_notifications(database::connection& on, application_id app, size_t most_rows) {
  return on.execute(
      "deleting notifications",
      "UPDATE notifications SET state = ?, application_id = 0, external_id = NULL, control = 0, "
      "due_at = 0 WHERE application_id = ? AND (state NOT IN (?, ?, ?, ?) OR (state = ? AND "
      "completed_at > 0)) LIMIT ?",
      {number(state::deleted), app, number(state::launched), number(state::sending), number(state::paused),
       number(state::canceled), number(state::canceled), most_rows});
}

/// The rows of an index have no application; they go with its name, by property_index_store::work().
result<uint64_t> drop_indexes(database::connection& on, application_id app) {
  return on.execute(
      "dropping indexes", "UPDATE indexed_properties SET state = ? WHERE application_id = ? AND state <> ?",
      {static_cast<unsigned>(index_state::dropping), app, static_cast<unsigned>(index_state::dropping)});
}

result<uint64_t> delete_held_tokens(database::connection& on, application_id app, size_t most_rows) {
  return on.execute("deleting held tokens",
                    "DELETE FROM held_tokens WHERE hold_id IN (SELECT id FROM token_holds WHERE "
                    "application_id = ?) LIMIT ?",
                    {app, most_rows});
}

/// Every table whose rows name their application, so that none is forgotten when the schema grows.
result<std::vector<std::string>> tables_of_applications(database::connection& on) {
  std::vector<std::string> names;
  auto read =
      on.query("looking for tables",
               "SELECT table_name FROM information_schema.columns WHERE table_schema = DATABASE() AND "
               "column_name = 'application_id' AND table_name NOT IN ('notifications', "
               "'indexed_properties', 'token_holds', 'credentials') ORDER BY table_name",
               {}, [&](const sql_row& row) { names.emplace_back(row.text(0)); });
  if (!read) return read.failure();
  return names;
}

result<uint64_t> delete_rows(database::connection& on, const std::string& table, application_id app,
                             size_t most_rows) {
  return on.execute("deleting an application's rows",
                    "DELETE FROM `" + table + "` WHERE application_id = ? LIMIT ?", {app, most_rows});
}

/// Counts up what each step has done.
class tally {
 public:
  bool add(const result<uint64_t>& step) {
    if (!step) failure_ = step.failure();
    if (step) rows_ += *step;
    return step.ok();
  }
  result<uint64_t> total() const {
    if (failure_) return *failure_;
    return rows_;
  }

 private:
  uint64_t rows_ = 0;
  std::optional<error> failure_;
};

result<uint64_t> purge_one(database::connection& on, application_id app, size_t most_rows) {
  auto tables = tables_of_applications(on);
  if (!tables) return tables.failure();
  tally done;
  // One that was launched by a request under way when the application was deleted is found here.
  bool good = done.add(cancel_notifications(on, app)) &&
              done.add(release_notifications(on, app, most_rows)) && done.add(drop_indexes(on, app));
  auto held = good ? delete_held_tokens(on, app, most_rows) : result<uint64_t>(uint64_t{0});
  good = good && done.add(held);
  // A hold goes after its tokens: by it alone they are found.
  if (good && *held < most_rows) good = done.add(delete_rows(on, "token_holds", app, most_rows));
  for (const auto& table : *tables)
    good = good && done.add(delete_rows(on, table, app, most_rows));
  return done.total();
}

result<bool> has_rows(database::connection& on, const std::string& table, application_id app) {
  bool any = false;
  auto read = on.query("looking for rows of an application",
                       "SELECT 1 FROM " + table + " WHERE application_id = ? LIMIT 1", {app},
                       [&](const sql_row&) { any = true; });
  if (!read) return read.failure();
  return any;
}

/// Last, as what is canceled and not settled may be with a sender still. Whoever uses credentials watches
/// their version.
result<uint64_t> delete_credentials(database& db, application_id app, size_t most_rows) {
  return transact(db, [&](database::connection& on) -> result<uint64_t> {
    auto waits = has_rows(on, "notifications", app);
    if (!waits) return waits.failure();
    if (*waits) return uint64_t{0};
    auto gone = delete_rows(on, "credentials", app, most_rows);
    if (!gone || *gone == 0) return gone;
    auto noted = on.execute("noting a change of credentials",
                            "UPDATE credential_changes SET version = version + 1 WHERE id = 1", {});
    if (!noted) return noted.failure();
    return gone;
  });
}

/// Once nothing of it is left.
result<void> delete_application(database::connection& on, application_id app) {
  for (const char* table : {"notifications", "indexed_properties", "credentials"}) {
    auto waits = has_rows(on, table, app);
    if (!waits) return waits.failure();
    if (*waits) return {};
  }
  auto gone = on.execute("deleting an application", "DELETE FROM applications WHERE id = ?", {app});
  return gone ? result<void>() : gone.failure();
}

}  // namespace

result<uint64_t> cancel_notifications(database::connection& on, application_id app) {
  return on.execute(
      "canceling notifications",
      "UPDATE notifications SET state = ?, revision = revision + 1, control = ?, canceled_at = " +
          database_now + " WHERE application_id = ? AND state IN (?, ?, ?)",
      {number(state::canceled), static_cast<unsigned>(control::canceled), app, number(state::launched),
       number(state::sending), number(state::paused)});
}

result<bool> purge_applications(database& db, size_t most_rows, utc_ms grace_ms) {
  auto deleted = with_connection(db, [&](database::connection& on) { return find_deleted(on, grace_ms); });
  if (!deleted) return deleted.failure();
  for (const auto& each : *deleted) {
    auto done =
        with_connection(db, [&](database::connection& on) { return purge_one(on, each.key, most_rows); });
    if (done && *done == 0) done = delete_credentials(db, each.key, most_rows);
    if (!done) return done.failure();
    if (*done > 0) return true;
    if (!each.outlived_grace) continue;
    auto gone =
        with_connection(db, [&](database::connection& on) { return delete_application(on, each.key); });
    if (!gone) return gone.failure();
  }
  return false;
}

}  // namespace pusher
