#include "actors/fan_out_machine.hpp"

#include <algorithm>

namespace pusher {

// -- how full a queue may be --

void queue_gauge::measured(uint64_t outstanding, utc_ms now) {
  // What was appended before our time (by a former leader) counts as appended now.
  if (outstanding > appended_) appended_ = outstanding;
  outstanding_ = outstanding;
  auto drained = appended_ - outstanding;
  if (sampled_at_ == 0) {
    sampled_at_ = now;
    drained_at_sample_ = drained;
    return;
  }
  if (now - sampled_at_ < 50) return;
  auto rate =
      1000.0 * static_cast<double>(drained - drained_at_sample_) / static_cast<double>(now - sampled_at_);
  // A queue that ran empty could have drained faster: its rate then only rises.
  if (outstanding > 0 || rate > drained_per_second_)
    drained_per_second_ = 0.5 * drained_per_second_ + 0.5 * rate;
  sampled_at_ = now;
  drained_at_sample_ = drained;
}

bool queue_gauge::full(const fan_out_bounds& bounds) const {
  auto half_a_second = static_cast<uint64_t>(drained_per_second_ / 2);
  return outstanding_ >= std::clamp(half_a_second, bounds.least_mark, bounds.most_mark);
}

// -- fan-out --

fan_out_machine::fan_out_machine(fan_out_bounds bounds, std::set<gateway> reachable)
    : bounds_(bounds), reachable_(std::move(reachable)) {}

void fan_out_machine::lead(uint64_t epoch) {
  stand_down();
  epoch_ = epoch;
}

void fan_out_machine::stand_down() {
  epoch_ = 0;
  tasks_.clear();
  to_forget_.clear();
  gauges_.clear();
  commit_.reset();
  worklist_due_at_ = store_retry_at_ = 0;
}

fan_out_machine::action fan_out_machine::next(utc_ms now) {
  now_ = now;
  if (!leading()) return idle{};
  if (now < store_retry_at_) return idle{store_retry_at_};
  if (commit_) return commit{&*commit_};
  if (now >= worklist_due_at_) return read_worklist{};
  // Transactional notifications first; within a lane each in turn, so that a small one is never stuck.
  for (auto wanted : {lane::transactional, lane::campaign}) {
    auto start = tasks_.upper_bound(last_served_);
    for (size_t i = 0; i < tasks_.size(); ++i, ++start) {
      if (start == tasks_.end()) start = tasks_.begin();
      auto& [key, task] = *start;
      if (task.at != stage::known && task.task.lane != wanted) continue;
      if (auto found = step(task, now)) {
        current_ = last_served_ = key;
        return std::move(*found);
      }
    }
  }
  if (!to_forget_.empty() && now >= forget_at_) return forget{to_forget_.front()};
  auto until = worklist_due_at_;
  if (auto full = full_queues(); !full.empty() && !tasks_.empty()) {
    if (now >= measure_at_) {
      measuring_ = full;
      return measure{std::move(full)};
    }
    until = std::min(until, measure_at_);
  }
  if (!to_forget_.empty()) until = std::min(until, forget_at_);
  for (const auto& [key, task] : tasks_)
    if (task.gathering_since > 0) until = std::min(until, task.gathering_since + bounds_.gather_ms);
  return idle{until};
}

std::optional<fan_out_machine::action> fan_out_machine::step(under_way_task& task, utc_ms now) {
  switch (task.at) {
    case stage::known:
      return open_task{task.task.key};
    case stage::opened:
      return begin{&task.task};
    case stage::begun:
      return mark_sending{task.task.key};
    case stage::reading:
      break;
  }
  bool all_committed = task.gathered == 0 && task.read_to == task.committed_to;
  if (task.at_end && all_committed) {
    noting_done_ = true;
    return note_audience{task.task.key, task.audience, true};
  }
  if (blocked(task)) return std::nullopt;
  if (commit_due(task, now)) {
    make_commit(task);
    return commit{&*commit_};
  }
  if (task.audience != task.noted_audience && now >= task.noted_at + bounds_.note_ms) {
    noting_done_ = false;
    return note_audience{task.task.key, task.audience, false};
  }
  auto bounds = bounds_.page;
  if (task.first_page) bounds.rows = std::min(bounds.rows, bounds_.first_page_rows);
  return read_page{&task.task, task.read_to, bounds};
}

bool fan_out_machine::commit_due(const under_way_task& task, utc_ms now) const {
  if (task.gathered >= bounds_.devices_per_batch) return true;
  if (task.gathered > 0 && now >= task.gathering_since + bounds_.gather_ms) return true;
  return task.at_end && task.read_to != task.committed_to;
}

bool fan_out_machine::blocked(const under_way_task& task) const {
  return std::any_of(task.queues.begin(), task.queues.end(), [this](const auto& name) {
    auto gauge = gauges_.find(name);
    return gauge != gauges_.end() && gauge->second.full(bounds_);
  });
}

std::vector<std::string> fan_out_machine::full_queues() const {
  std::vector<std::string> names;
  for (const auto& [name, gauge] : gauges_)
    if (gauge.full(bounds_)) names.push_back(name);
  return names;
}

// -- tasks --

void fan_out_machine::worklist(const std::vector<notification_key>& keys, utc_ms now) {
  worklist_due_at_ = now + bounds_.poll_ms;
  for (auto key : keys) {
    if (tasks_.size() >= bounds_.notifications) break;
    if (auto bad = unreadable_.find(key); bad != unreadable_.end()) {
      if (now < bad->second) continue;
      unreadable_.erase(bad);
    }
    auto [at, fresh] = tasks_.try_emplace(key);
    if (fresh) at->second.task.key = key;
  }
}

void fan_out_machine::opened(fan_out_task task) {
  auto& at = tasks_.at(current_);
  if (const auto* wanted = std::get_if<audience_condition>(&task.audience)) {
    auto parsed = condition::parse(wanted->json);
    if (!parsed) return unreadable(current_, now_);
    at.where = std::move(*parsed);
  }
  at.task = std::move(task);
  at.at = stage::opened;
}

void fan_out_machine::unreadable(notification_key key, utc_ms now) {
  unreadable_[key] = now + bounds_.corrupt_pause_ms;
  tasks_.erase(key);
}

void fan_out_machine::begun(const journal::cursor& at) {
  if (at.status == commit_status::fenced) return stand_down();
  auto& task = tasks_.at(current_);
  task.read_to = task.committed_to = at.position;
  task.audience = task.noted_audience = at.audience;
  task.at = task.task.state == notification_state::launched ? stage::begun : stage::reading;
}

void fan_out_machine::marked_sending() {
  tasks_.at(current_).at = stage::reading;
}

// -- pages --

void fan_out_machine::visit(const device_row& row) {
  auto& task = tasks_.at(current_);
  ++counters_.rows_read;
  reader_.load(row);
  if (!task.where.matches(reader_, now_)) return;
  ++task.gathered;
  if (!reachable_.count(row.gateway)) {
    push_result skipped;
    skipped.device = row.key;
    skipped.outcome = outcome::skipped;
    skipped.settled_at = now_;
    skipped.code = "no_credential";
    task.skipped.push_back(std::move(skipped));
    return;
  }
  push_queue queue{task.task.application, row.gateway, row.environment, task.task.lane};
  auto& [of, targets] = task.found[queue.name()];
  if (targets.empty()) of = queue;
  targets.push_back({row.key, std::string(row.push_token), 0});
}

void fan_out_machine::page_was_read(const page_end& end, utc_ms now) {
  auto& task = tasks_.at(current_);
  ++counters_.pages;
  task.read_to = end.last;
  task.at_end = end.at_end;
  task.first_page = false;
  if (task.gathered > 0 && task.gathering_since == 0) task.gathering_since = now;
}

void fan_out_machine::make_commit(under_way_task& task) {
  page_commit page;
  page.notification = task.task.key;
  page.epoch = epoch_;
  page.expected_cursor = task.committed_to;
  page.new_cursor = task.read_to;
  for (auto& [name, group] : task.found) {
    auto& [queue, targets] = group;
    for (size_t at = 0; at < targets.size(); at += bounds_.devices_per_batch) {
      auto end = std::min(targets.size(), at + bounds_.devices_per_batch);
      push_batch batch{task.task.key, task.task.message.expires_at, 0, {}};
      batch.targets.assign(std::make_move_iterator(targets.begin() + static_cast<std::ptrdiff_t>(at)),
                           std::make_move_iterator(targets.begin() + static_cast<std::ptrdiff_t>(end)));
      page.batches.emplace_back(queue, std::move(batch));
    }
    counters_.targets += targets.size();
    task.queues.insert(name);
  }
  counters_.batches += page.batches.size();
  counters_.skipped += task.skipped.size();
  for (size_t at = 0; at < task.skipped.size(); at += bounds_.devices_per_batch) {
    auto end = std::min(task.skipped.size(), at + bounds_.devices_per_batch);
    result_batch batch{task.task.key, {}};
    batch.results.assign(std::make_move_iterator(task.skipped.begin() + static_cast<std::ptrdiff_t>(at)),
                         std::make_move_iterator(task.skipped.begin() + static_cast<std::ptrdiff_t>(end)));
    page.skipped.push_back(std::move(batch));
  }
  task.found.clear();
  task.skipped.clear();
  task.gathered = 0;
  task.gathering_since = 0;
  commit_ = std::move(page);
}

void fan_out_machine::committed(const page_committed& outcome, utc_ms now) {
  if (outcome.status == commit_status::fenced) return stand_down();
  auto& task = tasks_.at(commit_->notification);
  task.committed_to = commit_->new_cursor;
  task.audience = outcome.audience;
  std::map<std::string, uint64_t> appended;
  for (const auto& [queue, batch] : commit_->batches)
    appended[queue.name()] += batch.targets.size();
  for (const auto& [name, targets] : appended)
    gauges_[name].appended(targets);
  for (const auto& [name, outstanding] : outcome.outstanding)
    gauges_[name].measured(outstanding, now);
  commit_.reset();
}

void fan_out_machine::audience_noted(utc_ms now) {
  auto& task = tasks_.at(current_);
  task.noted_at = now;
  task.noted_audience = task.audience;
  if (!noting_done_) return;
  ++counters_.finished;
  to_forget_.push_back(current_);
  tasks_.erase(current_);
}

void fan_out_machine::measured(const std::vector<uint64_t>& outstanding, utc_ms now) {
  measure_at_ = now + bounds_.measure_ms;
  for (size_t i = 0; i < measuring_.size() && i < outstanding.size(); ++i)
    gauges_[measuring_[i]].measured(outstanding[i], now);
}

void fan_out_machine::forgotten(bool gone, utc_ms now) {
  auto key = to_forget_.front();
  to_forget_.pop_front();
  if (gone) return;
  to_forget_.push_back(key);
  forget_at_ = now + bounds_.poll_ms;
}

}  // namespace pusher
