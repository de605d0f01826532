// What the journal's scripts and the lease's row do for fan-out, as far as its simulations need it. A
// contract test compares every answer with the real stores' (tests/contract/storage/store_models_test.cpp).
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/journal.hpp"

namespace pusher::testing {

/// Which of the rules hold. A simulation that finds nothing wrong when one is off proves nothing.
struct model_rules {
  bool epoch_in_journal = true;   ///< the scripts compare the epoch
  bool epoch_in_database = true;  ///< MariaDB's writes compare the lease's epoch
  bool cursor = true;             ///< a page is taken at the expected cursor only
  bool lease_term = true;         ///< a lease that runs is nobody else's
};

class journal_model {
 public:
  struct fan_out_state {
    uint64_t cursor = 0, audience = 0;
    device_key start;
  };

  result<commit_status> raise_epoch(uint64_t epoch) {
    if (rules.epoch_in_journal && epoch_ > epoch) return commit_status::fenced;
    epoch_ = epoch;
    return commit_status::done;
  }

  result<journal::cursor> begin_fan_out(uint64_t epoch, notification_key key, device_key start,
                                        uint64_t settled = 0) {
    journal::cursor answer;
    answer.status = gate(epoch);
    if (answer.status != commit_status::done) return answer;
    auto [at, fresh] = states_.try_emplace(key);
    if (fresh) at->second = {start.value, settled, start};
    answer.position = at->second.cursor;
    answer.audience = at->second.audience;
    answer.start = at->second.start;
    return answer;
  }

  result<page_committed> commit_page(const page_commit& page) {
    page_committed answer;
    answer.status = gate(page.epoch);
    if (answer.status != commit_status::done) return answer;
    auto known = states_.find(page.notification);
    if (known == states_.end()) return error{errc::journal_lost, "no cursor", "", 0};
    auto& state = known->second;
    bool applies = state.cursor == page.expected_cursor || !rules.cursor;
    if (!applies && state.cursor != page.new_cursor) {
      answer.status = commit_status::fenced;
      return answer;
    }
    if (applies && held(page.notification)) {
      answer.status = commit_status::held;
      return answer;
    }
    if (applies) append(page, state);
    answer.audience = state.audience;
    for (const auto& name : accounts_of(page))
      answer.outstanding.emplace_back(name, outstanding[name]);
    return answer;
  }

  /// What is canceled is not paused again, and only what was stopped is released.
  void set_control(notification_key key, std::optional<control> value) {
    auto known = controls_.find(key);
    if (!value) return void(controls_.erase(key));
    if (known == controls_.end() ? *value == control::released : known->second == control::canceled) return;
    controls_[key] = *value;
  }

  uint64_t epoch() const { return epoch_; }
  const fan_out_state* state(notification_key key) const {
    auto found = states_.find(key);
    return found == states_.end() ? nullptr : &found->second;
  }

  model_rules rules;
  std::map<std::string, uint64_t> outstanding;       ///< per account
  std::function<void(const page_commit&)> appended;  ///< what takes effect

 private:
  commit_status gate(uint64_t epoch) const {
    return epoch == epoch_ || !rules.epoch_in_journal ? commit_status::done : commit_status::fenced;
  }
  bool held(notification_key key) const {
    auto found = controls_.find(key);
    return found != controls_.end() && found->second != control::released;
  }
  /// In the order of their first batch, each once.
  static std::vector<std::string> accounts_of(const page_commit& page) {
    std::vector<std::string> names;
    for (const auto& [queue, batch] : page.batches)
      if (auto name = account_of(queue, batch); std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(std::move(name));
    return names;
  }
  void append(const page_commit& page, fan_out_state& state) {
    for (const auto& [queue, batch] : page.batches) {
      outstanding[account_of(queue, batch)] += batch.targets.size();
      state.audience += batch.targets.size();
    }
    for (const auto& batch : page.skipped)
      state.audience += batch.results.size();
    state.cursor = page.new_cursor;
    if (appended) appended(page);
  }

  uint64_t epoch_ = 0;
  std::map<notification_key, fan_out_state> states_;
  std::map<notification_key, control> controls_;
};

/// The lease's row, on the database's clock.
class lease_model {
 public:
  std::optional<uint64_t> acquire(const std::string& holder, utc_ms lease_ms, const std::string& predecessor,
                                  utc_ms now) {
    bool runs = ends_at_ > now && rules.lease_term;
    bool still_ours = runs && holder_ == holder;
    bool of_predecessor = !predecessor.empty() && holder_ == predecessor;
    if (runs && !still_ours && !of_predecessor) return std::nullopt;
    if (!still_ours) ++epoch_;
    holder_ = holder;
    ends_at_ = now + lease_ms;
    return epoch_;
  }
  /// False when it is not ours any more.
  bool renew(const std::string& holder, uint64_t epoch, utc_ms lease_ms, utc_ms now) {
    if (holder_ != holder || epoch_ != epoch) return false;
    ends_at_ = now + lease_ms;
    return true;
  }
  void release(const std::string& holder, uint64_t epoch) {
    if (holder_ != holder || epoch_ != epoch) return;
    holder_.clear();
    ends_at_ = 0;
  }
  /// What every write of fan-out asks in its transaction.
  bool check_epoch(uint64_t epoch) const { return epoch_ == epoch || !rules.epoch_in_database; }
  uint64_t epoch() const { return epoch_; }

  model_rules rules;

 private:
  std::string holder_;
  uint64_t epoch_ = 0;
  utc_ms ends_at_ = 0;
};

}  // namespace pusher::testing
