#include "actors/fan_out_machine.hpp"

#include <algorithm>
#include <tuple>

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

fan_out_machine::fan_out_machine(fan_out_bounds bounds, reachability reachable)
    : bounds_(bounds), reachable_(std::move(reachable)) {}

void fan_out_machine::reach(reachability channels) {
  reachable_ = std::move(channels);
  for (auto& [key, task] : tasks_)
    task.reachable = channels_of(task.task.application);
}

channel_set fan_out_machine::channels_of(application_id app) const {
  auto found = reachable_.find(app);
  return found == reachable_.end() ? channel_set() : found->second;
}

void fan_out_machine::lead(uint64_t epoch) {
  stand_down();
  epoch_ = epoch;
}

void fan_out_machine::stand_down() {
  epoch_ = 0;
  tasks_.clear();
  turns_.clear();
  gathered_ = 0;
  readers_.clear();
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
  // Transactional notifications first; within a lane whoever waits longest, so that a small one is never
  // stuck.
  for (const auto& each : turns_) {
    auto& task = tasks_.at(std::get<notification_key>(each));
    if (auto found = step(task, now)) {
      current_ = task.task.key;
      had_its_turn(task);
      for (auto* reader : readers_)
        had_its_turn(*reader);
      return std::move(*found);
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
    if (task.gathering_since > 0 && !blocked(task))
      until = std::min(until, task.gathering_since + bounds_.gather_ms);
  return idle{until};
}

fan_out_machine::turn fan_out_machine::turn_of(const under_way_task& task) {
  bool urgent = task.at == stage::known || task.task.lane == lane::transactional;
  return {!urgent, task.served, task.task.key};
}

void fan_out_machine::had_its_turn(under_way_task& task) {
  turns_.erase(turn_of(task));
  task.served = ++served_;
  turns_.insert(turn_of(task));
}

std::optional<fan_out_machine::action> fan_out_machine::step(under_way_task& task, utc_ms now) {
  switch (task.at) {
    case stage::known:
      return open_task{task.task.key};
    case stage::opened:
      return begin{&task.task, where_others_are(task)};
    case stage::begun:
      return mark_sending{task.task.key};
    case stage::closing:
      noting_done_ = true;
      return note_audience{task.task.key, task.audience, true};
    case stage::reading:
      break;
  }
  bool all_committed = task.gathered == 0 && cursor_of(task) == task.committed_to;
  if (task.walk.at_end() && all_committed) return conclude(task);
  if (!blocked(task) && commit_due(task, now)) {
    make_commit(task);
    return commit{&*commit_};
  }
  if (task.audience != task.noted_audience && now >= task.noted_at + bounds_.note_ms) {
    noting_done_ = false;
    return note_audience{task.task.key, task.audience, false};
  }
  if (!reads(task)) return std::nullopt;
  return read_for(task, now);
}

uint64_t fan_out_machine::cursor_of(const under_way_task& task) {
  return task.wave ? task.wave->cursor(task.walk.cursor()) : task.walk.cursor();
}

fan_out_machine::action fan_out_machine::conclude(under_way_task& task) {
  if (task.wave)
    if (auto next = task.wave->next_due())
      return finish_wave{task.task.key, task.audience, task.wave->wave().number, *next};
  noting_done_ = true;
  return note_audience{task.task.key, task.audience, true};
}

bool fan_out_machine::scans(const under_way_task& task) {
  return task.plan.by == device_plan::access::scan &&
         !std::holds_alternative<audience_device_ids>(task.task.audience) &&
         !std::holds_alternative<audience_targets>(task.task.audience) &&
         !std::holds_alternative<audience_user_ids>(task.task.audience);
}

bool fan_out_machine::reads(const under_way_task& task) const {
  if (task.at != stage::reading || task.walk.at_end()) return false;
  return !blocked(task) || (task.gathered < bounds_.devices_per_batch && gathered_ < bounds_.gathered);
}

/// Of those that could share pages with this one, whoever is furthest behind. All wait for it and go on
/// together: reading for each by itself would cost as much for each.
fan_out_machine::under_way_task* fan_out_machine::furthest_behind(const under_way_task& of) {
  under_way_task* found = nullptr;
  if (!scans(of)) return found;
  for (auto& [key, other] : tasks_)
    if (other.task.application == of.task.application && other.task.lane == of.task.lane && scans(other) &&
        reads(other) && (!found || other.walk.at() < found->walk.at()))
      found = &other;
  return found;
}

/// Where a fresh notification joins those that are being read; 0 when none is.
device_key fan_out_machine::where_others_are(const under_way_task& fresh) {
  auto* other = furthest_behind(fresh);
  return other && other->walk.at() < fresh.task.last_device ? other->walk.at() : device_key{};
}

/// A page for the task, or for all that stand where the one stands that is furthest behind. Before it is
/// read, those of them that have enough commit.
fan_out_machine::action fan_out_machine::read_for(under_way_task& task, utc_ms now) {
  auto* behind = furthest_behind(task);
  auto& first = behind ? *behind : task;
  readers_.assign(1, &first);
  page_last_ = first.walk.lap_end();
  auto at = first.walk.at();
  device_key next_place;  // of someone further on: the page ends there, so that the two become one
  for (auto& [key, other] : tasks_) {
    if (!behind || &other == &first || other.task.application != first.task.application ||
        other.task.lane != first.task.lane || !scans(other) || !reads(other))
      continue;
    if (!(at == other.walk.at())) {
      if (!next_place || other.walk.at() < next_place) next_place = other.walk.at();
    } else if (readers_.size() < most_readers) {
      readers_.push_back(&other);
      page_last_ = std::max(page_last_, other.walk.lap_end());
    }
  }
  if (next_place) page_last_ = std::min(page_last_, next_place);
  for (auto* each : readers_) {
    if (blocked(*each) || !commit_due(*each, now)) continue;
    make_commit(*each);
    readers_.clear();
    return commit{&*commit_};
  }
  // What the readers may gather together is bounded, however many they are.
  auto bounds = bounds_.page;
  bounds.rows = std::max(bounds.rows / readers_.size(), std::min(bounds.rows, bounds_.devices_per_batch));
  bounds.bytes = std::max<size_t>(bounds.bytes / readers_.size(), 64 * 1024);
  for (auto* each : readers_)
    if (each->first_page) bounds.rows = std::min(bounds.rows, bounds_.first_page_rows);
  auto* plan = &first.plan;
  if (readers_.size() > 1) {
    page_plan_ = first.plan;
    for (const auto* each : readers_)
      page_plan_.parts = page_plan_.parts | each->plan.parts;
    plan = &page_plan_;
  }
  return read_page{&first.task, plan, at, page_last_, bounds};
}

bool fan_out_machine::commit_due(const under_way_task& task, utc_ms now) const {
  if (task.gathered >= bounds_.devices_per_batch) return true;
  if (task.gathered > 0 && now >= task.gathering_since + bounds_.gather_ms) return true;
  return task.walk.at_end() && cursor_of(task) != task.committed_to;
}

/// Whether a queue of the task is full and it has had its share: as soon as there is room, each task appends
/// once what it has gathered. So none waits behind another, and those that read together go on together.
bool fan_out_machine::blocked(const under_way_task& task) const {
  if (task.round != round_) return false;
  return std::any_of(task.accounts.begin(), task.accounts.end(), [this](const auto& name) {
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

void fan_out_machine::worklist(const std::vector<fan_out_job>& jobs, utc_ms now) {
  worklist_due_at_ = now + bounds_.poll_ms;
  for (auto [key, canceled] : jobs) {
    // What is canceled gets no more devices: it is opened anew, to close its audience.
    if (auto known = tasks_.find(key);
        canceled && known != tasks_.end() && known->second.task.state != notification_state::canceled)
      give_up(key);
    if (tasks_.size() >= bounds_.notifications) break;
    if (auto bad = unreadable_.find(key); bad != unreadable_.end()) {
      if (now < bad->second) continue;
      unreadable_.erase(bad);
    }
    auto [at, fresh] = tasks_.try_emplace(key);
    if (!fresh) continue;
    at->second.task.key = key;
    turns_.insert(turn_of(at->second));
  }
}

void fan_out_machine::opened(fan_out_task task, device_plan plan) {
  auto& at = tasks_.at(current_);
  if (task.state != notification_state::launched && task.state != notification_state::sending &&
      task.state != notification_state::canceled)
    return halted(current_);
  if (const auto* wanted = std::get_if<audience_condition>(&task.audience)) {
    auto parsed = condition::parse(wanted->json);
    if (!parsed) return unreadable(current_, now_);
    at.where = std::move(*parsed);
  }
  turns_.erase(turn_of(at));
  at.task = std::move(task);
  at.wording = device_wording(at.task.message, at.task.audience);
  at.reachable = channels_of(at.task.application);
  at.plan = std::move(plan);
  at.plan.parts = at.plan.parts | device_parts::token;
  if (at.task.wave) {
    at.wave.emplace(*at.task.wave, at.task.launched_at);
    at.plan.parts = at.plan.parts | device_parts::attributes;  // the time zone
  }
  if (at.wording.needs_attributes()) at.plan.parts = at.plan.parts | device_parts::attributes;
  if (at.wording.needs_properties()) at.plan.parts = at.plan.parts | device_parts::properties;
  at.at = stage::opened;
  turns_.insert(turn_of(at));
}

void fan_out_machine::unreadable(notification_key key, utc_ms now) {
  unreadable_[key] = now + bounds_.corrupt_pause_ms;
  give_up(key);
}

void fan_out_machine::begun(const journal::cursor& at) {
  if (at.status == commit_status::fenced) return stand_down();
  auto& task = tasks_.at(current_);
  auto position = at.position;
  // A fresh wave walks from the start again; its first commit moves the cursor on from the last wave's end.
  if (task.wave) position = task.wave->is_ours(position) ? wave_filter::of_walk(position) : at.start.value;
  task.walk = device_walk(at.start, task.task.last_device, position);
  task.committed_to = at.position;
  task.audience = task.noted_audience = at.audience;
  task.at = task.task.state == notification_state::launched   ? stage::begun
            : task.task.state == notification_state::canceled ? stage::closing
                                                              : stage::reading;
}

void fan_out_machine::marked_sending() {
  tasks_.at(current_).at = stage::reading;
}

// -- pages --

void fan_out_machine::visit(const device_row& row) {
  ++counters_.rows_read;
  reader_.load(row);
  for (auto* task : readers_)
    if (!(task->walk.lap_end() < row.key) && task->where.matches(reader_, task->task.launched_at))
      take(*task, row);
}

void fan_out_machine::skip(under_way_task& task, const device_row& row, const char* rule) const {
  push_result skipped;
  skipped.device = row.key;
  skipped.outcome = outcome::skipped;
  skipped.settled_at = now_;
  skipped.code = rule;
  task.skipped.push_back(std::move(skipped));
}

void fan_out_machine::take(under_way_task& task, const device_row& row) {
  auto when = task.wave ? task.wave->of(row.time_zone) : wave_filter::judgement::now;
  if (when == wave_filter::judgement::not_now) return;
  ++task.gathered;
  ++gathered_;
  if (when == wave_filter::judgement::too_late) return skip(task, row, "local_time_past");
  if (!task.reachable.contains(channel_of(row.gateway, row.environment)))
    return skip(task, row, no_credential_rule);
  push_queue queue{task.task.application, row.gateway, row.environment, task.task.lane};
  auto& [of, targets] = task.found[queue.name()];
  if (targets.empty()) of = queue;
  targets.push_back({row.key, std::string(row.push_token), 0});
  if (row.gateway == gateway::webpush)
    targets.back().subscription_keys = std::string(row.p256dh) + '.' + std::string(row.auth);
  task.wording.describe(reader_, targets.back());
}

void fan_out_machine::page_was_read(const page_end& end, utc_ms now) {
  ++counters_.pages;
  auto passed = end.at_end ? page_last_ : end.last;
  for (auto* task : readers_) {
    task->walk.pass(passed);
    task->first_page = false;
    if (task->gathered > 0 && task->gathering_since == 0) task->gathering_since = now;
  }
  readers_.clear();
}

namespace {

/// Where the batch that begins at `at` ends: a long text for each device makes it shorter.
size_t end_of_batch(const std::vector<push_target>& targets, size_t at, size_t most, size_t most_bytes) {
  auto end = at;
  for (size_t bytes = 0; end < targets.size() && end - at < most; ++end) {
    for (const auto& value : targets[end].values)
      bytes += value.size();
    if (bytes > most_bytes && end > at) break;
  }
  return end;
}

}  // namespace

void fan_out_machine::make_commit(under_way_task& task) {
  page_commit page;
  page.notification = task.task.key;
  page.epoch = epoch_;
  page.expected_cursor = task.committed_to;
  page.new_cursor = cursor_of(task);
  // A batch of a notification with a rate is sent as a whole: it holds a second's worth at most.
  auto rate = task.task.message.rate_per_second;
  size_t per_batch = rate > 0 ? std::min<size_t>(bounds_.devices_per_batch, rate) : bounds_.devices_per_batch;
  for (auto& [name, group] : task.found) {
    auto& [queue, targets] = group;
    for (size_t at = 0, end = 0; at < targets.size(); at = end) {
      end = end_of_batch(targets, at, per_batch, bounds_.values_per_batch);
      push_batch batch{
          task.task.key, task.wave ? task.wave->wave().expires_at : task.task.message.expires_at, 0, {}};
      batch.targets.assign(std::make_move_iterator(targets.begin() + static_cast<std::ptrdiff_t>(at)),
                           std::make_move_iterator(targets.begin() + static_cast<std::ptrdiff_t>(end)));
      batch.rate_per_second = rate;
      task.accounts.insert(account_of(queue, batch));
      page.batches.emplace_back(queue, std::move(batch));
    }
    counters_.targets += targets.size();
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
  gathered_ -= task.gathered;
  task.gathered = 0;
  task.gathering_since = 0;
  commit_ = std::move(page);
}

void fan_out_machine::committed(const page_committed& outcome, utc_ms now) {
  if (outcome.status == commit_status::fenced) return stand_down();
  if (outcome.status == commit_status::held) {
    auto held = commit_->notification;
    commit_.reset();
    return halted(held);
  }
  auto& task = tasks_.at(commit_->notification);
  task.committed_to = commit_->new_cursor;
  if (!commit_->batches.empty()) task.round = round_;
  task.audience = outcome.audience;
  std::map<std::string, uint64_t> appended;
  for (const auto& [queue, batch] : commit_->batches)
    appended[account_of(queue, batch)] += batch.targets.size();
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
  give_up(current_);
}

void fan_out_machine::give_up(notification_key key) {
  auto task = tasks_.find(key);
  if (task == tasks_.end()) return;
  turns_.erase(turn_of(task->second));
  gathered_ -= task->second.gathered;
  if (task->second.task.message.rate_per_second > 0)
    for (const auto& own : task->second.accounts)
      gauges_.erase(own);
  tasks_.erase(task);
}

void fan_out_machine::measured(const std::vector<uint64_t>& outstanding, utc_ms now) {
  measure_at_ = now + bounds_.measure_ms;
  for (size_t i = 0; i < measuring_.size() && i < outstanding.size(); ++i)
    gauges_[measuring_[i]].measured(outstanding[i], now);
  if (full_queues().size() < measuring_.size()) ++round_;
}

void fan_out_machine::forgotten(bool gone, utc_ms now) {
  auto key = to_forget_.front();
  to_forget_.pop_front();
  if (gone) return;
  to_forget_.push_back(key);
  forget_at_ = now + bounds_.poll_ms;
}

}  // namespace pusher
