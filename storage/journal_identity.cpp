#include "storage/journal_identity.hpp"

#include <algorithm>

#include "storage/fencing.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

const char* const select_identity =
    "SELECT run_id, installation, created, rebuilding, rebuilds, pages, configured, (SELECT MAX(mark) FROM "
    "journal_marks m WHERE m.run_id = i.run_id) FROM journal_identity i WHERE id = 1";

result<journal_identity> read(database::connection& on) {
  journal_identity known;
  auto read = on.query("reading the journal's name", select_identity, {}, [&](const sql_row& row) {
    known.run_id = row.text(0);
    known.installation = row.text(1);
    known.fresh = row.number(2) == 0;
    known.rebuilding = row.number(3) != 0;
    known.rebuilds = row.number(4);
    known.pages = row.number(5);
    known.configured = row.text(6);
    known.highest_result = row.text(7);
  });
  if (!read) return read.failure();
  return known;
}

error other_journal() {
  return {errc::journal_lost, "Another journal belongs to the database", "", 0};
}

}  // namespace

result<journal_identity> journal_identity_store::get_or_create() {
  auto known = with_connection(db_, [](database::connection& on) { return read(on); });
  if (!known || !known->run_id.empty()) return known;
  return transact(db_, [&](database::connection& on) -> result<journal_identity> {
    auto name = make_uuid_v7();
    auto made = on.execute(
        "naming the journal",
        "INSERT IGNORE INTO journal_identity (id, run_id, installation, created) VALUES (1, ?, ?, 0)",
        {name, name});
    if (!made) return made.failure();
    return read(on);
  });
}

result<void> journal_identity_store::mark_created(const std::string& run_id) {
  return with_connection(db_, [&](database::connection& on) -> result<void> {
    auto marked = on.execute("noting the journal",
                             "UPDATE journal_identity SET created = 1 WHERE id = 1 AND run_id = ?", {run_id});
    if (!marked) return marked.failure();
    return *marked > 0 ? result<void>() : other_journal();
  });
}

result<journal_generation> journal_identity_store::begin_rebuild(const std::string& holder, uint64_t epoch,
                                                                 uint64_t epoch_in_redis) {
  auto next = std::max(epoch, epoch_in_redis) + 1;
  return transact(db_, [&](database::connection& on) -> result<journal_generation> {
    auto raised = on.execute("raising the epoch",
                             "UPDATE lease SET epoch = ? WHERE id = 1 AND holder = ? AND epoch = ?",
                             {next, holder, epoch});
    if (!raised) return raised.failure();
    if (*raised == 0) return not_leading();
    auto known = read(on);
    if (!known) return known.failure();
    journal_generation made{known->installation + "." + make_uuid_v7(), known->installation, next,
                            known->configured};
    auto named = on.execute("naming the journal's next generation",
                            "UPDATE journal_identity SET run_id = ?, created = 1, rebuilding = 1, pages = 0 "
                            "WHERE id = 1",
                            {made.run_id});
    if (!named) return named.failure();
    if (auto fenced = on.execute("taking the writers' marks away", "DELETE FROM journal_marks", {}); !fenced)
      return fenced.failure();
    return made;
  });
}

result<void> journal_identity_store::finish_rebuild(const journal_generation& made) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto leads = check_epoch(on, made.epoch); !leads) return leads;
    auto finished = on.execute(
        "noting the journal as whole",
        "UPDATE journal_identity SET rebuilding = 0, rebuilds = rebuilds + 1 WHERE id = 1 AND run_id = ?",
        {made.run_id});
    if (!finished) return finished.failure();
    return *finished > 0 ? result<void>() : other_journal();
  });
}

result<void> journal_identity_store::note_configured(uint64_t epoch, const std::string& lines) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    if (auto leads = check_epoch(on, epoch); !leads) return leads;
    auto noted = on.execute("noting the nodes' credentials",
                            "UPDATE journal_identity SET configured = ? WHERE id = 1", {lines});
    return noted ? result<void>() : noted.failure();
  });
}

result<void> note_pages(database::connection& on, uint64_t pages) {
  if (pages == 0) return {};
  auto noted = on.execute("noting the journal's pages",
                          "UPDATE journal_identity SET pages = ? WHERE id = 1 AND pages < ?", {pages, pages});
  return noted ? result<void>() : noted.failure();
}

}  // namespace pusher
