#include "actors/target_balance.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace pusher {

namespace {

constexpr auto rest = std::chrono::milliseconds(700);  // longer than a writer's transaction and its settling

bool same(const targets_survey& a, const targets_survey& b) {
  return a.pending == b.pending && a.cursor == b.cursor && a.waiting == b.waiting && a.results == b.results &&
         a.later == b.later && a.held == b.held && a.dead == b.dead;
}

}  // namespace

std::string difference(const notification_row& row, const targets_survey& journal) {
  auto settled = row.counts.total();
  auto pending = static_cast<uint64_t>(std::max<int64_t>(0, journal.pending));
  if (row.fan_out_done && settled + pending != row.audience)
    return "of its audience of " + std::to_string(row.audience) + " there are " + std::to_string(settled) +
           " settled and, as Redis counts, " + std::to_string(journal.pending) + " pending";
  if (journal.complete && pending != journal.accounted())
    return "Redis counts " + std::to_string(journal.pending) + " pending targets, and the journal holds " +
           std::to_string(journal.accounted());
  return "";
}

std::string difference(const notification_row& row, const outcome_counts& deliveries) {
  if (row.counts.total() != row.audience)
    return "it has ended with an audience of " + std::to_string(row.audience) + " and " +
           std::to_string(row.counts.total()) + " outcomes";
  for (auto each : all_outcomes)
    if (row.counts[each] != deliveries[each])
      return "its row counts " + std::to_string(row.counts[each]) + " " + std::string(to_string(each)) +
             ", and there are " + std::to_string(deliveries[each]) + " such deliveries";
  return "";
}

result<std::string> lasting_difference(const notification_row& row, const targets_survey& journal,
                                       operator_queries rows, journal_survey& survey) {
  auto wrong = difference(row, journal);
  if (wrong.empty()) return wrong;
  std::this_thread::sleep_for(rest);
  auto read = rows.rows_of({row.key});
  if (!read) return read.failure();
  auto again = survey.targets_of(row.key, row.application);
  if (!again) return again.failure();
  bool moved = read->empty() || read->front().counts.total() != row.counts.total() ||
               read->front().audience != row.audience || !same(journal, *again);
  return moved ? std::string() : wrong;
}

}  // namespace pusher
