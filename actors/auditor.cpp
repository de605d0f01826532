#include "actors/auditor.hpp"

#include <algorithm>

#include "actors/log.hpp"
#include "actors/target_balance.hpp"

namespace pusher {

namespace {

constexpr size_t notifications_of_a_look = 1000;
constexpr size_t close_looks_of_a_look = 5;  // each of up to a second
constexpr uint64_t rows_of_a_look = 200'000;
constexpr size_t most_differences = 100;
constexpr utc_ms still_ms = 60'000;  // so long nothing moves before the journal is searched for the targets

}  // namespace

auditor::auditor(const settings& config) : db_(config.mysql), rows_(db_), survey_(config.redis) {}

void auditor::begin() {
  under_way_.clear();
  gone_.clear();
  differences_.clear();
  looked_to_ = {};
  begun_ = false;
}

result<self_check_findings> auditor::look(utc_ms now) {
  self_check_findings found;
  if (!begun_) {
    auto newest = rows_.newest();
    if (!newest) return newest.failure();
    ended_to_ = *newest;
    begun_ = true;
  }
  if (auto looked = look_at_what_is_under_way(now, found); !looked) return looked.failure();
  if (auto looked = look_at_what_has_ended(found); !looked) return looked.failure();
  auto holds = rows_.open_holds();
  if (!holds) return holds.failure();
  found.open_holds = *holds;
  found.at = now;
  for (const auto& [key, each] : differences_)
    found.differences.push_back(each);
  return found;
}

result<void> auditor::look_at_what_is_under_way(utc_ms now, self_check_findings& into) {
  auto from = looked_to_;
  auto rows = rows_.under_way(from, notifications_of_a_look);
  if (!rows) return rows.failure();
  bool round_ends = rows->size() < notifications_of_a_look;
  std::vector<notification_key> keys;
  for (const auto& each : *rows)
    keys.push_back(each.key);
  auto pending = survey_.pending_of(keys);
  if (!pending) return pending.failure();
  std::vector<const notification_row*> strange;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto& row = (*rows)[i];
    auto of_it = (*pending)[i].value_or(0);
    ++into.under_way;
    into.audience += row.audience;
    into.settled += row.counts.total();
    into.pending += static_cast<uint64_t>(std::max<int64_t>(0, of_it));
    if (suspicious(row, of_it, now))
      strange.push_back(&row);
    else
      differences_.erase(row.key);
  }
  // Of those that this look was to see, some are not under way any more.
  looked_to_ = round_ends ? notification_key{} : keys.back();
  for (auto at = under_way_.upper_bound(from);
       at != under_way_.end() && (round_ends || !(looked_to_ < at->first));) {
    bool still = std::binary_search(keys.begin(), keys.end(), at->first);
    if (!still) gone_.push_back(at->first);
    at = still ? std::next(at) : under_way_.erase(at);
  }
  if (strange.size() > close_looks_of_a_look) strange.resize(close_looks_of_a_look);
  for (const auto* each : strange)
    if (auto looked = look_closely(*each); !looked) return looked;
  return {};
}

/// Whether its counts do not add up, or nothing of it has moved for long. Remembers how it looks.
bool auditor::suspicious(const notification_row& row, int64_t pending, utc_ms now) {
  auto settled = row.counts.total();
  auto& before = under_way_[row.key];
  bool moved = before.since == 0 || before.settled != settled || before.pending != pending ||
               before.audience != row.audience;
  if (moved) before = {row.audience, settled, pending, now};
  if (row.fan_out_done && static_cast<int64_t>(settled) + pending != static_cast<int64_t>(row.audience))
    return true;
  if (moved || row.state == notification_state::paused || now < before.since + still_ms) return false;
  before.since = now;  // the next close look is as far away
  return true;
}

result<void> auditor::look_closely(const notification_row& row) {
  auto journal = survey_.targets_of(row.key, row.application);
  if (!journal) return journal.failure();
  auto wrong = lasting_difference(row, *journal, rows_, survey_);
  if (!wrong) return wrong.failure();
  note(row, "under_way", *wrong);
  return {};
}

void auditor::note(const notification_row& row, const char* kind, const std::string& wrong) {
  if (wrong.empty()) {
    differences_.erase(row.key);
    return;
  }
  auto& known = differences_[row.key];
  if (known.detail != wrong)
    log::error("self_check.difference", {{"notification", row.id}, {"kind", kind}, {"detail", wrong}});
  known = {row.id, kind, wrong};
  if (differences_.size() > most_differences) differences_.erase(differences_.begin());
}

result<void> auditor::look_at_what_has_ended(self_check_findings& into) {
  auto fresh = rows_.ended(ended_to_, notifications_of_a_look);
  if (!fresh) return fresh.failure();
  if (!fresh->empty()) ended_to_ = fresh->back().key;
  std::vector<notification_row> all = std::move(*fresh);
  auto known = rows_.rows_of(gone_);
  if (!known) return known.failure();
  gone_.erase(gone_.begin(),
              gone_.begin() + static_cast<long>(std::min(gone_.size(), notifications_of_a_look)));
  for (auto& each : *known)
    if (each.completed_at > 0) all.push_back(std::move(each));
  std::vector<notification_row> some;
  uint64_t rows = 0;
  for (auto& each : all) {
    if (each.state == notification_state::deleted) continue;
    if (!some.empty() && rows + each.audience > rows_of_a_look) break;
    rows += each.audience;
    some.push_back(std::move(each));
  }
  return verify(some, into);
}

result<void> auditor::verify(const std::vector<notification_row>& rows, self_check_findings& into) {
  std::vector<notification_key> keys;
  for (const auto& each : rows)
    keys.push_back(each.key);
  auto counted = rows_.count_deliveries(keys);
  if (!counted) return counted.failure();
  into.ended += rows.size();
  for (const auto& each : rows) {
    auto wrong = difference(each, (*counted)[each.key]);
    if (!wrong.empty()) {
      // Deleted meanwhile, rows and all?
      auto now = rows_.rows_of({each.key});
      if (!now) return now.failure();
      if (now->empty() || now->front().state == notification_state::deleted) continue;
    }
    note(each, "ended", wrong);
  }
  return {};
}

}  // namespace pusher
