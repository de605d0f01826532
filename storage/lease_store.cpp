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

}  // namespace

error not_leading() {
  return {errc::fenced, "The lease belongs to another holder or epoch", "", 0};
}

result<void> check_epoch(database::connection& on, uint64_t epoch) {
  auto read =
      on.query("checking the lease", "SELECT 1 FROM lease WHERE id = 1 AND epoch = ? LOCK IN SHARE MODE",
               {epoch}, [](const sql_row&) {});
  if (!read) return read.failure();
  return *read > 0 ? result<void>() : not_leading();
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
    return *renewed > 0 ? result<void>() : not_leading();
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

}  // namespace pusher
