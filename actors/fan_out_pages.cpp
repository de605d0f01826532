// How fan-out reads devices, and what it makes of them for the journal.
#include <algorithm>

#include "actors/fan_out_machine.hpp"

namespace pusher {

namespace {

bool names_users(const audience& of) {
  return std::holds_alternative<audience_user_ids>(of);
}

/// The devices or users that an audience names.
std::vector<std::string> names_of(const audience& of) {
  const auto* users = std::get_if<audience_user_ids>(&of);
  return users ? users->ids : named_devices(of);
}

}  // namespace

bool fan_out_machine::scans(const under_way_task& task) {
  return task.plan.by == device_plan::access::scan && !names_devices(task);
}

bool fan_out_machine::names_devices(const under_way_task& task) {
  return std::holds_alternative<audience_device_ids>(task.task.audience) ||
         std::holds_alternative<audience_targets>(task.task.audience) || names_users(task.task.audience);
}

bool fan_out_machine::reads(const under_way_task& task) const {
  if (task.at != stage::reading || task.walk.at_end() || takes_longer(task)) return false;
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
  if (names_devices(task)) return read_named(task);
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
    commits_.push_back(make_commit(*each));
    readers_.clear();
    return commit{&commits_};
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
  return read_page{first.task.application, plan, false, {}, at, page_last_, bounds};
}

/// A page of the devices that it names, and of those that others of the application name that have read as
/// far: many small notifications are read by one query.
fan_out_machine::action fan_out_machine::read_named(under_way_task& first) {
  readers_.assign(1, &first);
  named_users_ = names_users(first.task.audience);
  read_page page{first.task.application, nullptr, named_users_, names_of(first.task.audience),
                 first.walk.at(),        {},      bounds_.page};
  size_t looked_at = 0;
  for (const auto& each : turns_) {
    if (readers_.size() >= bounds_.group || ++looked_at > bounds_.jobs_per_look) break;
    auto& other = tasks_.at(std::get<notification_key>(each));
    if (&other == &first || other.task.application != first.task.application ||
        other.task.lane != first.task.lane || !names_devices(other) ||
        names_users(other.task.audience) != named_users_ || need_of(other, now_) != need::read ||
        !(other.walk.at() == first.walk.at()))
      continue;
    auto names = names_of(other.task.audience);
    if (page.ids.size() + names.size() > bounds_.ids_per_page) continue;
    std::move(names.begin(), names.end(), std::back_inserter(page.ids));
    readers_.push_back(&other);
  }
  page_last_ = {};
  for (auto* each : readers_) {
    page_last_ = std::max(page_last_, each->walk.lap_end());
    if (each->first_page) page.bounds.rows = std::min(page.bounds.rows, bounds_.first_page_rows);
    if (readers_.size() > 1) note_names(*each);
  }
  page.last = page_last_;
  return page;
}

void fan_out_machine::note_names(under_way_task& task) {
  auto note = [&](const std::string& name) {
    auto& by = named_by_[name];
    if (by.empty() || by.back() != &task) by.push_back(&task);  // a name may be there twice
  };
  const auto& of = task.task.audience;
  if (const auto* users = std::get_if<audience_user_ids>(&of))
    std::for_each(users->ids.begin(), users->ids.end(), note);
  else if (const auto* devices = std::get_if<audience_device_ids>(&of))
    std::for_each(devices->ids.begin(), devices->ids.end(), note);
  else if (const auto* targets = std::get_if<audience_targets>(&of))
    for (const auto& each : targets->targets)
      note(each.device_id);
}

bool fan_out_machine::commit_due(const under_way_task& task, utc_ms now) const {
  if (task.gathered >= bounds_.devices_per_batch) return true;
  if (task.gathered > 0 && now >= task.gathering_since + bounds_.gather_ms) return true;
  return task.walk.at_end() && cursor_of(task) != task.committed_to;
}

void fan_out_machine::visit(const device_row& row) {
  ++counters_.rows_read;
  reader_.load(row);
  if (named_by_.empty()) {
    for (auto* task : readers_)
      take_if_met(*task, row);
    return;
  }
  auto by = named_by_.find(named_users_ ? row.user_id : row.device_id);
  if (by == named_by_.end()) return;
  for (auto* task : by->second)
    take_if_met(*task, row);
}

void fan_out_machine::take_if_met(under_way_task& task, const device_row& row) {
  if (!(task.walk.lap_end() < row.key) && task.where.matches(reader_, task.task.launched_at)) take(task, row);
}

void fan_out_machine::skip(under_way_task& task, const device_row& row, const char* rule) const {
  push_result skipped;
  skipped.device = row.key;
  skipped.outcome = outcome::skipped;
  skipped.settled_at = page_begun_at_;
  skipped.code = rule;
  task.skipped.push_back(std::move(skipped));
}

void fan_out_machine::take(under_way_task& task, const device_row& row) {
  auto when = task.wave ? task.wave->of(row.time_zone) : wave_filter::judgement::now;
  if (when == wave_filter::judgement::not_now) return;
  ++task.gathered;
  ++gathered_;
  if (!task.first_taken) task.first_taken = row.key;
  task.last_taken = std::max(task.last_taken, row.key);
  if (when == wave_filter::judgement::too_late) return skip(task, row, "local_time_past");
  if (!task.reachable.contains(channel_of(row.gateway, row.environment)))
    return skip(task, row, no_credential_rule);
  auto& targets = task.found[{row.gateway, row.environment}];
  targets.push_back({row.key, std::string(row.push_token), 0});
  if (row.gateway == gateway::webpush)
    targets.back().subscription_keys = std::string(row.p256dh) + '.' + std::string(row.auth);
  task.wording.describe(reader_, targets.back());
}

std::vector<fan_out_machine::taken_range> fan_out_machine::taken_anew() const {
  std::vector<taken_range> found;
  for (const auto* task : readers_)
    if (task->task.rebuilt && task->first_taken)
      found.push_back({task->task.key, task->first_taken, task->last_taken});
  return found;
}

void fan_out_machine::leave_out(notification_key key, const std::vector<device_key>& settled) {
  auto& task = tasks_.at(key);
  size_t left_out = 0;
  auto remove = [&](auto& from) {
    auto has_row = [&](const auto& each) {
      return std::binary_search(settled.begin(), settled.end(), each.device);
    };
    auto kept = std::remove_if(from.begin(), from.end(), has_row);
    left_out += static_cast<size_t>(from.end() - kept);
    from.erase(kept, from.end());
  };
  remove(task.skipped);
  for (auto at = task.found.begin(); at != task.found.end();) {
    remove(at->second);
    at = at->second.empty() ? task.found.erase(at) : std::next(at);
  }
  task.gathered -= left_out;
  gathered_ -= left_out;
  if (task.gathered == 0) task.gathering_since = 0;
}

void fan_out_machine::page_was_read(const page_end& end, utc_ms now) {
  ++counters_.pages;
  auto passed = end.at_end ? page_last_ : end.last;
  for (auto* task : readers_) {
    task->walk.pass(passed);
    task->first_page = false;
    task->first_taken = task->last_taken = {};
    if (task->gathered > 0 && task->gathering_since == 0) task->gathering_since = now;
  }
  readers_.clear();
  named_by_.clear();
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

page_commit fan_out_machine::make_commit(under_way_task& task) {
  page_commit page;
  page.notification = task.task.key;
  page.epoch = epoch_;
  page.expected_cursor = task.committed_to;
  page.new_cursor = cursor_of(task);
  // A batch of a notification with a rate is sent as a whole: it holds a second's worth at most.
  auto rate = task.task.message.rate_per_second;
  size_t per_batch = rate > 0 ? std::min<size_t>(bounds_.devices_per_batch, rate) : bounds_.devices_per_batch;
  for (auto& [of, targets] : task.found) {
    push_queue queue{task.task.application, of.first, of.second, task.task.lane};
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
  return page;
}

}  // namespace pusher
