#include "storage/lease_store.hpp"

#include "storage/fencing.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

struct lease_row {
  std::string holder;
  uint64_t epoch = 0;
  bool running = false;
};

result<lease_row> lock_lease(database::connection& on) {
  lease_row row;
  auto read =
      on.query("reading the lease",
               "SELECT holder, epoch, ends_at > " + database_now + " FROM lease WHERE id = 1 FOR UPDATE", {},
               [&](const sql_row& found) {
                 row.holder = found.text(0);
                 row.epoch = found.number(1);
                 row.running = found.number(2) != 0;
               });
  if (!read) return read.failure();
  if (*read == 0)
    return error{errc::corrupt_data, "The row of the lease is missing: run pusher migrate", "", 0};
  return row;
}

error not_ours() {
  return {errc::fenced, "The lease belongs to another holder or epoch", "", 0};
}

}  // namespace

result<void> check_epoch(database::connection& on, uint64_t epoch) {
  auto read =
      on.query("checking the lease", "SELECT 1 FROM lease WHERE id = 1 AND epoch = ? LOCK IN SHARE MODE",
               {epoch}, [](const sql_row&) {});
  if (!read) return read.failure();
  return *read > 0 ? result<void>() : not_ours();
}

result<std::optional<uint64_t>> lease_store::acquire(const std::string& holder, uint32_t lease_ms,
                                                     const std::string& predecessor) {
  return transact(db_, [&](database::connection& on) -> result<std::optional<uint64_t>> {
    auto row = lock_lease(on);
    if (!row) return row.failure();
    bool still_ours = row->running && row->holder == holder;
    bool of_predecessor = !predecessor.empty() && row->holder == predecessor;
    if (row->running && !still_ours && !of_predecessor) return std::optional<uint64_t>();
    auto epoch = still_ours ? row->epoch : row->epoch + 1;
    auto taken =
        on.execute("taking the lease",
                   "UPDATE lease SET holder = ?, epoch = ?, ends_at = " + database_now + " + ? WHERE id = 1",
                   {holder, epoch, lease_ms});
    if (!taken) return taken.failure();
    return std::optional<uint64_t>(epoch);
  });
}

result<void> lease_store::renew(const std::string& holder, uint64_t epoch, uint32_t lease_ms) {
  return with_connection(db_, [&](database::connection& on) -> result<void> {
    auto renewed = on.execute(
        "renewing the lease",
        "UPDATE lease SET ends_at = " + database_now + " + ? WHERE id = 1 AND holder = ? AND epoch = ?",
        {lease_ms, holder, epoch});
    if (!renewed) return renewed.failure();
    return *renewed > 0 ? result<void>() : not_ours();
  });
}

result<void> lease_store::release(const std::string& holder, uint64_t epoch) {
  return with_connection(db_, [&](database::connection& on) -> result<void> {
    auto freed =
        on.execute("freeing the lease",
                   "UPDATE lease SET holder = '', ends_at = 0 WHERE id = 1 AND holder = ? AND epoch = ?",
                   {holder, epoch});
    return freed ? result<void>() : freed.failure();
  });
}

result<journal_identity_store::identity> journal_identity_store::get_or_create() {
  return transact(db_, [&](database::connection& on) -> result<identity> {
    auto made = on.execute("naming the journal",
                           "INSERT IGNORE INTO journal_identity (id, run_id, created) VALUES (1, ?, 0)",
                           {make_uuid_v7()});
    if (!made) return made.failure();
    identity known;
    auto read =
        on.query("reading the journal's name", "SELECT run_id, created FROM journal_identity WHERE id = 1",
                 {}, [&](const sql_row& row) {
                   known.run_id = row.text(0);
                   known.fresh = row.number(1) == 0;
                 });
    if (!read) return read.failure();
    return known;
  });
}

result<void> journal_identity_store::mark_created(const std::string& run_id) {
  return with_connection(db_, [&](database::connection& on) -> result<void> {
    auto marked = on.execute("noting the journal",
                             "UPDATE journal_identity SET created = 1 WHERE id = 1 AND run_id = ?", {run_id});
    if (!marked) return marked.failure();
    return *marked > 0 ? result<void>()
                       : error{errc::journal_lost, "Another journal belongs to the database", "", 0};
  });
}

}  // namespace pusher
