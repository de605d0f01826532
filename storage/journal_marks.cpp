#include "storage/journal_marks.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "storage/transaction.hpp"

namespace pusher {

namespace {

// Marks of writers that are long gone; the highest of them lives on in younger ones.
constexpr int64_t kept_for_ms = int64_t{24} * 3600 * 1000;

error another_generation() {
  return {errc::journal_lost, "the journal that these results are from was lost; it is rebuilt", "", 1};
}

}  // namespace

std::string mark_of(std::string_view entry) {
  uint64_t ms = 0, number = 0;
  const char* end = entry.data() + entry.size();
  auto first = std::from_chars(entry.data(), end, ms);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return "";
  if (std::from_chars(first.ptr + 1, end, number).ec != std::errc()) return "";
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%020llu-%020llu", static_cast<unsigned long long>(ms),
                static_cast<unsigned long long>(number));
  return text.data();
}

result<void> result_mark::prepare(database& db) {
  if (known_) return {};
  auto made = transact(db, [&](database::connection& on) -> result<void> {
    // The shared lock keeps a rebuild from beginning until the row is there to be taken away.
    auto ours = on.query("reading the journal's name",
                         "SELECT 1 FROM journal_identity WHERE id = 1 AND run_id = ? LOCK IN SHARE MODE",
                         {run_id_}, [](const sql_row&) {});
    if (!ours) return ours.failure();
    if (*ours == 0) return another_generation();
    std::string highest;
    auto read = on.query("reading the marks", "SELECT MAX(mark) FROM journal_marks WHERE run_id = ?",
                         {run_id_}, [&](const sql_row& row) { highest = row.text(0); });
    if (!read) return read.failure();
    auto written = on.execute(
        "making a writer's mark",
        "INSERT INTO journal_marks (writer, run_id, mark, updated_at) VALUES (?, ?, ?, " + database_now +
            ") ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), "
            "mark = VALUES(mark), updated_at = VALUES(updated_at)",
        {writer_, run_id_, highest});
    return written ? result<void>() : written.failure();
  });
  if (!made) return made;
  known_ = true;
  // Behind the transaction: this one waits for other writers.
  return with_connection(db, [](database::connection& on) -> result<void> {
    auto tidied =
        on.execute("forgetting old marks",
                   "DELETE FROM journal_marks WHERE updated_at < " + database_now + " - ?", {kept_for_ms});
    return tidied ? result<void>() : tidied.failure();
  });
}

result<void> result_mark::raise(database::connection& on, const std::string& mark) {
  static const std::string sql =
      "UPDATE journal_marks SET mark = GREATEST(mark, ?), updated_at = " + database_now +
      " WHERE writer = ? AND run_id = ?";
  auto raised = on.execute("raising a writer's mark", sql, {mark, writer_, run_id_});
  if (!raised) return raised.failure();
  return *raised > 0 ? result<void>() : another_generation();
}

}  // namespace pusher
