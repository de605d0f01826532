// How answers, retries and what is handed back become steps in the journal.
#include <algorithm>
#include <set>

#include "actors/sender_machine.hpp"

namespace pusher {

namespace {

constexpr size_t parts_of_a_split = 8;
constexpr unsigned most_retry_batches = 4;  // per claimed batch
constexpr utc_ms early_retry_ms = 1000;  // retries do not wait longer than this for the rest of their batch

}  // namespace

bool sender_machine::record_due(utc_ms now) const {
  return unrecorded_ > 0 &&
         (unrecorded_ >= bounds_.record_answers || now >= unrecorded_since_ + bounds_.record_interval_ms);
}

/// When the retries of a batch leave it although the rest has no answer yet; 0 = not before it is finished.
utc_ms sender_machine::retries_due_at(const open_batch& batch) {
  bool may_leave = !batch.progress.retries.empty() && batch.groups + 1 < most_retry_batches;
  return may_leave ? batch.retry_since + early_retry_ms : 0;
}

std::optional<sender_machine::action> sender_machine::next_commit(utc_ms now) {
  if (!commits_.empty()) return commit{&commits_};
  bool all = record_due(now);
  for (auto& [order, batch] : batches_) {
    bool finished = batch.open == 0;
    auto due_at = retries_due_at(batch);
    bool retries_due = due_at > 0 && now >= due_at;
    if (!finished && !retries_due && !batch.to_mark && !batch.doubted && !(all && batch.changed)) continue;
    commits_of_.push_back({order, batch.unrecorded});
    commits_.push_back(make_commit(batch, finished));
    unrecorded_ -= sum_of(batch.unrecorded);
    batch.unrecorded.clear();
    batch.changed = batch.to_mark = false;
  }
  if (unrecorded_ > 0) unrecorded_since_ = now;
  if (commits_.empty()) return std::nullopt;
  return commit{&commits_};
}

progress_commit sender_machine::make_commit(open_batch& batch, bool finished) {
  progress_commit made;
  made.queue = batch.origin.queue;
  made.account = account_of(batch.queue, batch.batch);
  made.entry = batch.origin.entry;
  made.token = batch.origin.token;
  made.results.notification = batch.batch.notification;
  made.asks =
      batch.doubted && !finished && !batch.changed && !batch.to_mark && batch.progress.retries.empty();
  bool only_waits = batch.to_mark && !finished && !batch.changed;
  made.expected_sequence = only_waits || made.asks ? batch.origin.sequence : batch.origin.sequence++;
  if (only_waits || made.asks) return made;
  made.finished = finished;
  made.results.gateway = batch.queue.gateway;
  made.results.environment = batch.queue.environment;
  made.results.results = std::move(batch.fresh);
  batch.fresh.clear();
  put_retries_aside(batch, finished, made);
  if (finished)
    hand_back(batch, made);
  else
    made.progress = encode(batch.progress);
  // Who takes the batch over counts its groups anew: the sequence keeps the names of the jobs apart.
  for (size_t i = 0; i < made.aside.size(); ++i)
    made.aside[i].name = std::to_string(batch.batch.notification.value) + ":" + made.queue + ":" +
                         made.entry + ":" + std::to_string(made.expected_sequence) + ":" + std::to_string(i);
  return made;
}

void sender_machine::put_retries_aside(open_batch& batch, bool finished, progress_commit& into) {
  auto& retries = batch.progress.retries;
  if (retries.empty() || (!finished && batch.groups + 1 >= most_retry_batches)) return;
  std::stable_sort(retries.begin(), retries.end(),
                   [](const auto& a, const auto& b) { return a.due_at < b.due_at; });
  // Before the end only one group is made, due when its last member is: the groups are few and must suffice.
  size_t groups = finished ? most_retry_batches - batch.groups : 1;
  size_t at = 0;
  while (at < retries.size()) {
    size_t end = at + 1;
    while (end < retries.size() && (groups == 1 || retries[end].due_at == retries[at].due_at))
      ++end;
    put_aside aside;
    aside.due_at = retries[end - 1].due_at;
    ++batch.groups;
    aside.batch.notification = batch.batch.notification;
    aside.batch.expires_at = batch.batch.expires_at;
    aside.batch.rate_per_second = batch.batch.rate_per_second;
    aside.batch.retries = static_cast<uint8_t>(std::min(batch.batch.retries + 1, 255));
    for (; at < end; ++at) {
      auto target = batch.batch.targets[retries[at].target];
      target.attempts = retries[at].attempts;
      aside.batch.targets.push_back(std::move(target));
      batch.progress.done[retries[at].target] = true;
    }
    counters_.put_aside += aside.batch.targets.size();
    into.aside.push_back(std::move(aside));
    if (groups > 1) --groups;
  }
  retries.clear();
}

void sender_machine::hand_back(open_batch& batch, progress_commit& into) {
  if (batch.returned.empty()) return;
  auto parts = batch.split ? std::min(parts_of_a_split, batch.returned.size()) : 1;
  for (size_t part = 0; part < parts; ++part) {
    put_aside back;
    // The next claim of a part that fails splits it again.
    back.strikes = batch.split ? strikes_before_split - 1 : 0;
    back.due_at = batch.returned_until;
    back.held = batch.held;
    back.batch.rate_per_second = batch.batch.rate_per_second;
    back.batch.reserved_at = batch.batch.reserved_at;
    back.batch.notification = batch.batch.notification;
    back.batch.expires_at = batch.batch.expires_at;
    back.batch.retries = batch.batch.retries;
    for (size_t i = part; i < batch.returned.size(); i += parts)
      back.batch.targets.push_back(batch.batch.targets[batch.returned[i]]);
    into.aside.push_back(std::move(back));
  }
}

/// Whoever took one claim, as our process seemed dead, took others too. What the transports hold of them must
/// not leave, a window's worth of each, before it is known which are still ours.
void sender_machine::doubt_all(const std::set<uint64_t>& but) {
  for (auto& [order, batch] : batches_) {
    if (batch.doubted || but.count(order) > 0) continue;
    batch.doubted = true;
    ++doubted_;
    to_withdraw_.push_back({order, false});
  }
}

void sender_machine::committed(const journal::recorded& recorded) {
  results_depth_ = recorded.results_depth;
  std::set<uint64_t> ours;
  bool robbed = false;
  for (size_t i = 0; i < commits_.size(); ++i) {
    release(commits_of_[i].unrecorded);
    auto found = batches_.find(commits_of_[i].batch);
    if (found == batches_.end()) continue;
    auto& batch = found->second;
    bool fenced = i < recorded.status.size() && recorded.status[i] == commit_status::fenced;
    // Of a finished one nothing is left to withdraw; its refusal tells of the others as much. (It may be a
    // repeat whose first reply was lost: then they are asked about in vain.)
    robbed = robbed || fenced;
    if (fenced && !commits_[i].finished) {
      ++counters_.batches_fenced;
      batch.home->open_targets -= batch.open;
      unrecorded_ -= sum_of(batch.unrecorded);
      release(batch.unrecorded);
      to_withdraw_.push_back({found->first, true});
      forget(found);
    } else if (commits_[i].finished) {
      ++counters_.batches_finished;
      forget(found);
    } else {
      if (batch.doubted) --doubted_;
      batch.doubted = false;
      ours.insert(found->first);
    }
  }
  if (robbed) doubt_all(ours);
  commits_.clear();
  commits_of_.clear();
}

}  // namespace pusher
