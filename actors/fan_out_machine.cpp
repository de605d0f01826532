#include "actors/fan_out_machine.hpp"

#include <algorithm>
#include <tuple>

namespace pusher {

fan_out_machine::fan_out_machine(fan_out_bounds bounds, reachability reachable)
    : bounds_(bounds), reachable_(std::move(reachable)), opens_at_once_(bounds_.group) {}

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
  named_by_.clear();
  to_forget_.clear();
  gauges_.clear();
  commits_.clear();
  group_.clear();
  opens_at_once_ = bounds_.group;
  worklist_due_at_ = store_retry_at_ = 0;
}

// -- choosing the next action --

fan_out_machine::action fan_out_machine::next(utc_ms now) {
  now_ = now;
  if (!leading()) return idle{};
  if (now < store_retry_at_) return idle{store_retry_at_};
  if (!commits_.empty()) return commit{&commits_};
  if (now >= worklist_due_at_) return read_worklist{bounds_.jobs_per_look};
  // Transactional notifications first; within a lane whoever waits longest, so that a small one is never
  // stuck.
  for (const auto& each : turns_) {
    if (woken_ && std::get<bool>(each)) break;  // something urgent may have come
    auto wanted = need_of(tasks_.at(std::get<notification_key>(each)), now);
    if (wanted == need::nothing) continue;
    gather(each, wanted, now);
    return act(wanted, now);
  }
  if (woken_) return read_worklist{bounds_.jobs_per_look};
  if (!to_forget_.empty() && now >= to_forget_.front().second) {
    forget due;
    for (const auto& [key, when] : to_forget_) {
      if (now < when || due.keys.size() >= bounds_.group) break;
      due.keys.push_back(key);
    }
    return due;
  }
  return wait(now);
}

fan_out_machine::action fan_out_machine::wait(utc_ms now) {
  auto until = worklist_due_at_;
  if (auto full = full_queues(); !full.empty() && !tasks_.empty()) {
    if (now >= measure_at_) {
      measuring_ = full;
      return measure{std::move(full)};
    }
    until = std::min(until, measure_at_);
  }
  if (!to_forget_.empty()) until = std::min(until, to_forget_.front().second);
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

fan_out_machine::need fan_out_machine::need_of(const under_way_task& task, utc_ms now) const {
  switch (task.at) {
    case stage::known:
      return need::open;
    case stage::opened:
      return need::begin;
    case stage::closing:
      return need::conclude;
    case stage::reading:
      break;
  }
  if (takes_longer(task)) return need::mark;
  if (task.walk.at_end() && task.gathered == 0 && cursor_of(task) == task.committed_to)
    return task.wave && task.wave->next_due() ? need::finish_wave : need::conclude;
  if (!blocked(task) && commit_due(task, now)) return need::commit;
  if (task.audience != task.noted_audience && now >= task.noted_at + bounds_.note_ms) return need::note;
  return reads(task) ? need::read : need::nothing;
}

bool fan_out_machine::takes_longer(const under_way_task& task) {
  if (task.at != stage::reading || task.task.state != notification_state::launched) return false;
  return task.wave || (!task.first_page && !task.walk.at_end());
}

/// Whether the action may be for this one too.
bool fan_out_machine::fits(const under_way_task& task, need wanted, size_t& weight) const {
  size_t most = 0;
  switch (wanted) {
    case need::open:
      return group_.size() < opens_at_once_;
    case need::mark:
    case need::conclude:
      return true;
    case need::begin:
      weight += task.task.bytes;
      most = bounds_.group_bytes;
      break;
    case need::commit:
      weight += task.gathered;
      most = bounds_.devices_per_batch;
      break;
    default:
      return group_.empty();
  }
  return group_.empty() || weight <= most;
}

/// The one whose turn it is, and those behind it in its lane that are ready for the same.
void fan_out_machine::gather(const turn& first, need wanted, utc_ms now) {
  group_.clear();
  size_t weight = 0, looked_at = 0;
  auto lane = std::get<bool>(first);
  for (auto at = turns_.find(first); at != turns_.end() && std::get<bool>(*at) == lane; ++at) {
    if (group_.size() >= bounds_.group || ++looked_at > bounds_.jobs_per_look) break;
    const auto& task = tasks_.at(std::get<notification_key>(*at));
    if (need_of(task, now) != wanted) continue;
    if (!fits(task, wanted, weight)) break;
    group_.push_back(task.task.key);
  }
  for (auto key : group_)
    had_its_turn(tasks_.at(key));
}

fan_out_machine::action fan_out_machine::act(need wanted, utc_ms now) {
  auto& first = tasks_.at(group_.front());
  switch (wanted) {
    case need::open:
      return open_tasks{group_, bounds_.group_bytes};
    case need::begin:
      return begin_group();
    case need::mark:
      return mark_sending{group_};
    case need::commit:
      for (auto key : group_)
        commits_.push_back(make_commit(tasks_.at(key)));
      return commit{&commits_};
    case need::note:
      return note_audience{first.task.key, first.audience};
    case need::conclude:
      return conclude_group();
    case need::finish_wave:
      return finish_wave{first.task.key, first.audience, first.wave->wave().number, *first.wave->next_due()};
    case need::read:
    case need::nothing:
      break;
  }
  auto made = read_for(first, now);
  for (auto* reader : readers_)
    had_its_turn(*reader);
  return made;
}

fan_out_machine::action fan_out_machine::begin_group() {
  begin made;
  for (auto key : group_) {
    const auto& task = tasks_.at(key);
    made.tasks.push_back({&task.task, where_others_are(task)});
  }
  return made;
}

fan_out_machine::action fan_out_machine::conclude_group() {
  conclude made;
  for (auto key : group_)
    made.audiences.push_back({key, tasks_.at(key).audience});
  return made;
}

uint64_t fan_out_machine::cursor_of(const under_way_task& task) {
  return task.wave ? task.wave->cursor(task.walk.cursor()) : task.walk.cursor();
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
  woken_ = false;
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
    woken_ = jobs.size() >= bounds_.jobs_per_look;  // there may be more
    at->second.task.key = key;
    turns_.insert(turn_of(at->second));
  }
}

void fan_out_machine::opened(fan_out_task task, device_plan plan) {
  auto found = tasks_.find(task.key);
  if (found == tasks_.end()) return;
  auto& at = found->second;
  if (task.state != notification_state::launched && task.state != notification_state::sending &&
      task.state != notification_state::canceled)
    return halted(task.key);
  if (const auto* wanted = std::get_if<audience_condition>(&task.audience)) {
    auto parsed = condition::parse(wanted->json);
    if (!parsed) return unreadable(task.key, now_);
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

void fan_out_machine::opening_ended() {
  auto left = std::count_if(group_.begin(), group_.end(), [this](auto key) {
    auto task = tasks_.find(key);
    return task != tasks_.end() && task->second.at == stage::known;
  });
  auto opened = group_.size() - static_cast<size_t>(left);
  opens_at_once_ = left > 0 ? std::max<size_t>(opened, 1) : std::min(opens_at_once_ * 2, bounds_.group);
}

void fan_out_machine::unreadable(notification_key key, utc_ms now) {
  unreadable_[key] = now + bounds_.corrupt_pause_ms;
  give_up(key);
}

void fan_out_machine::begun(const std::vector<result<journal::cursor>>& at) {
  for (size_t i = 0; i < at.size() && i < group_.size(); ++i) {
    if (!at[i]) continue;
    if (at[i]->status == commit_status::fenced) return stand_down();
    auto& task = tasks_.at(group_[i]);
    auto position = at[i]->position;
    // A fresh wave walks from the start again; its first commit moves the cursor on from the last wave's end.
    if (task.wave)
      position = task.wave->is_ours(position) ? wave_filter::of_walk(position) : at[i]->start.value;
    task.walk = device_walk(at[i]->start, task.task.last_device, position);
    task.committed_to = at[i]->position;
    task.audience = task.noted_audience = at[i]->audience;
    task.at = task.task.state == notification_state::canceled ? stage::closing : stage::reading;
  }
}

void fan_out_machine::marked_sending(const std::set<notification_key>& sending) {
  for (auto key : group_) {
    if (sending.count(key) > 0)
      tasks_.at(key).task.state = notification_state::sending;
    else
      halted(key);
  }
}

void fan_out_machine::committed(const std::vector<result<page_committed>>& outcomes, utc_ms now) {
  auto pages = std::exchange(commits_, {});
  for (size_t i = 0; i < pages.size(); ++i) {
    if (i >= outcomes.size() || !outcomes[i])
      commits_.push_back(std::move(pages[i]));
    else if (outcomes[i]->status == commit_status::fenced)
      return stand_down();
    else if (outcomes[i]->status == commit_status::held)
      halted(pages[i].notification);
    else
      committed(pages[i], *outcomes[i], now);
  }
}

void fan_out_machine::committed(const page_commit& page, const page_committed& outcome, utc_ms now) {
  auto& task = tasks_.at(page.notification);
  task.committed_to = page.new_cursor;
  if (!page.batches.empty()) task.round = round_;
  task.audience = outcome.audience;
  std::map<std::string, uint64_t> appended;
  for (const auto& [queue, batch] : page.batches)
    appended[account_of(queue, batch)] += batch.targets.size();
  for (const auto& [name, targets] : appended)
    gauges_[name].appended(targets);
  for (const auto& [name, outstanding] : outcome.outstanding)
    gauges_[name].measured(outstanding, now);
}

void fan_out_machine::audience_noted(utc_ms now) {
  auto& task = tasks_.at(group_.front());
  task.noted_at = now;
  task.noted_audience = task.audience;
}

void fan_out_machine::concluded(utc_ms now) {
  for (auto key : group_) {
    ++counters_.finished;
    // The writer of its last result forgets it; what completes in another way is forgotten here.
    to_forget_.emplace_back(key, now + bounds_.poll_ms);
    give_up(key);
  }
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

void fan_out_machine::forgotten(const std::vector<result<bool>>& gone, utc_ms now) {
  for (const auto& each : gone) {
    if (!each || to_forget_.empty()) return;
    if (!*each) to_forget_.emplace_back(to_forget_.front().first, now + bounds_.poll_ms);
    to_forget_.pop_front();
  }
}

}  // namespace pusher
