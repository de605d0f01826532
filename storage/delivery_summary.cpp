// The part of the deliveries that adds up.
#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "storage/delivery_store.hpp"
#include "storage/notification_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t most_added_up = 1'000'000;
constexpr size_t most_reasons = 100;
constexpr int64_t most_steps = 120;

/// Lengths that a person reads easily on an axis of time.
constexpr std::array<int64_t, 24> steps_ms{
    50,        100,       250,        500,        1'000,      2'000,      5'000,       10'000,
    15'000,    30'000,    60'000,     120'000,    300'000,    600'000,    900'000,     1'800'000,
    3'600'000, 7'200'000, 10'800'000, 21'600'000, 43'200'000, 86'400'000, 172'800'000, 604'800'000};

int64_t step_for(int64_t span_ms) {
  auto found =
      std::find_if(steps_ms.begin(), steps_ms.end(), [&](auto step) { return span_ms / step < most_steps; });
  return found == steps_ms.end() ? steps_ms.back() : *found;
}

/// The last device that is looked at; all of them while there are not too many.
result<device_key> last_looked_at(database::connection& on, const notification& of) {
  device_key last{UINT64_MAX};
  if (of.counts.total() <= most_added_up) return last;
  auto read = on.query("bounding a summary of deliveries",
                       "SELECT device_id FROM deliveries FORCE INDEX (PRIMARY) WHERE notification_id = ? "
                       "ORDER BY device_id LIMIT 1 OFFSET ?",
                       {of.key, most_added_up - 1}, [&](const sql_row& row) { last.value = row.number(0); });
  if (!read) return read.failure();
  return last;
}

/// A gateway's codes are its own: however many it invents, the answer stays small.
void keep_most_frequent(delivery_summary& of) {
  std::sort(of.reasons.begin(), of.reasons.end(),
            [](const auto& a, const auto& b) { return a.count > b.count; });
  while (of.reasons.size() > most_reasons) {
    of.other_reasons += of.reasons.back().count;
    of.reasons.pop_back();
  }
}

}  // namespace

result<delivery_summary> delivery_store::summarize(application_id app, const std::string& notification_id) {
  using reason_key = std::tuple<outcome, uint64_t, std::string>;
  return with_connection(db_, [&](database::connection& on) -> result<delivery_summary> {
    auto of = read_one(on, "public_id = ? AND application_id = ?", {notification_id, app});
    if (!of) return of.failure();
    delivery_summary made;
    made.from = of->launched_at;
    auto until = of->completed_at != 0 ? of->completed_at : now_ms();
    made.step_ms = step_for(std::max<int64_t>(0, until - made.from));
    if (of->launched_at == 0) return made;
    auto last = last_looked_at(on, *of);
    if (!last) return last.failure();
    std::map<reason_key, uint64_t> reasons;
    auto read = on.query(
        "adding up deliveries",
        "SELECT outcome, gateway, code, GREATEST(0, settled_at - ?) DIV ?, COUNT(*) FROM deliveries FORCE "
        "INDEX "
        "(PRIMARY) WHERE notification_id = ? AND device_id <= ? GROUP BY 1, 2, 3, 4",
        {made.from, made.step_ms, of->key, *last}, [&](const sql_row& row) {
          auto what = outcome_from_number(static_cast<uint8_t>(row.number(0))).value_or(outcome::unknown);
          auto count = row.number(4);
          made.looked_at += count;
          made.steps[row.number(3)][what] += count;
          reasons[reason_key(what, row.number(1), row.text(2))] += count;
        });
    if (!read) return read.failure();
    made.complete = last->value == UINT64_MAX;
    for (const auto& [key, count] : reasons) {
      const auto& [what, through, code] = key;
      delivery_reason each{what, std::nullopt, code, count};
      if (through != 0) each.gateway = static_cast<gateway>(through);
      made.reasons.push_back(std::move(each));
    }
    keep_most_frequent(made);
    return made;
  });
}

}  // namespace pusher
