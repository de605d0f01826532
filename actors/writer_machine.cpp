#include "actors/writer_machine.hpp"

#include <algorithm>

#include "storage/journal_codec.hpp"

namespace pusher {

writer_machine::action writer_machine::next(utc_ms now) {
  if (now < store_retry_at_) return idle{store_retry_at_};
  if (!to_bury_.empty()) {
    auto first = std::move(to_bury_.front());
    to_bury_.pop_front();
    ++counters_.buried;
    return first;
  }
  if (batches_.empty() && entries_.empty()) gather();
  // Crash between these two => the entries are claimed again and their rows are found to be there.
  if (!batches_.empty()) return record{&batches_, &entries_};
  if (!entries_.empty()) return settle{&entries_};
  if (!to_forget_.empty()) return forget{&to_forget_};
  if (!work_may_wait_ || draining_) return idle{};
  if (now < claim_again_at_) return idle{claim_again_at_};
  claimed_at_ = now;
  asked_for_ = entries_to_claim();
  return claim_work{asked_for_};
}

/// As many as make a transaction, if they are as large as the last ones were.
size_t writer_machine::entries_to_claim() const {
  if (targets_per_entry_ == 0) return bounds_.entries_per_claim;
  return std::clamp(bounds_.targets_per_transaction / targets_per_entry_, bounds_.entries_per_claim,
                    bounds_.most_entries_per_claim);
}

void writer_machine::claimed(std::vector<claim> claims, bool maybe_more) {
  if (!maybe_more) work_may_wait_ = false;
  bool some = !claims.empty() && claims.size() < asked_for_;
  claim_again_at_ = some ? claimed_at_ + bounds_.gather_ms : 0;
  size_t targets = 0;
  for (auto& each : claims) {
    ++counters_.entries;
    auto batch = decode_result_batch(each.payload);
    if (batch) targets += batch->results.size();
    if (batch)
      waiting_.push_back({std::move(each), std::move(*batch)});
    else
      to_bury_.push_back({std::move(each), batch.failure().detail});
  }
  if (!claims.empty())
    targets_per_entry_ = std::max<size_t>(1, (targets + claims.size() - 1) / claims.size());
}

std::vector<std::string> writer_machine::entries() const {
  std::vector<std::string> entries;
  for (const auto& each : waiting_)
    entries.push_back(each.origin.entry);
  for (const auto& each : entries_)
    entries.push_back(each.entry);
  for (const auto& each : to_bury_)
    entries.push_back(each.what.entry);
  return entries;
}

void writer_machine::gather() {
  size_t targets = 0;
  while (!waiting_.empty() && (batches_.empty() || targets < bounds_.targets_per_transaction)) {
    auto& first = waiting_.front();
    targets += first.batch.results.size();
    entries_.push_back({first.origin.entry, first.batch.notification, first.batch.results.size()});
    batches_.push_back(std::move(first.batch));
    under_way_.push_back(std::move(first.origin));
    waiting_.pop_front();
  }
}

void writer_machine::recorded(size_t new_rows, size_t tokens_disabled,
                              const std::vector<notification_key>& completed,
                              const std::vector<notification_key>& missing) {
  size_t all = 0;
  for (const auto& batch : batches_)
    all += batch.results.size();
  counters_.rows += new_rows;
  counters_.repeated += all - std::min(all, new_rows);
  counters_.tokens_disabled += tokens_disabled;
  counters_.completed += completed.size();
  to_forget_.insert(to_forget_.end(), completed.begin(), completed.end());
  for (size_t i = entries_.size(); i-- > 0;) {
    if (std::find(missing.begin(), missing.end(), entries_[i].notification) == missing.end()) continue;
    to_bury_.push_back({under_way_[i], "its notification has no row"});
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  batches_.clear();
  under_way_.clear();
}

void writer_machine::store_failed(utc_ms now) {
  store_retry_at_ = now + bounds_.store_retry_ms;
  if (!draining_) return;
  waiting_.clear();
  under_way_.clear();
  batches_.clear();
  entries_.clear();
  to_bury_.clear();
  to_forget_.clear();
}

void writer_machine::settled() {
  entries_.clear();
}

}  // namespace pusher
