#include "tests/stores/memory_rows.hpp"

#include <algorithm>

namespace pusher::testing {

namespace {

using state = notification_state;

bool under_way(state now) {
  return now == state::launched || now == state::sending;
}

}  // namespace

// -- what clients do --

device_key memory_rows::add_device(gateway through, bool odd) {
  device_row made;
  made.key = {devices_.empty() ? 3 : devices_.back().key.value + 3};
  made.gateway = through;
  made.device_id = names_.emplace_back("d" + std::to_string(made.key.value));
  made.push_token = names_.emplace_back("token of " + std::string(made.device_id));
  made.properties = odd ? R"({"odd":true})" : "{}";
  devices_.push_back(made);
  return made.key;
}

notification_key memory_rows::add(notification_draft draft, utc_ms due_at) {
  notification_key key{notifications_.size() + 1};
  auto& made = notifications_[key];
  made.key = key;
  made.draft = std::move(draft);
  made.due_at = due_at;
  made.state = state::scheduled;
  if (due_at == 0) {
    made.due_at = clock_();
    launch_due(1000);
  }
  return key;
}

bool memory_rows::pause(notification_key key) {
  auto& of = notifications_.at(key);
  if (!under_way(of.state)) return false;
  of.told = control::paused;
  change(of, state::paused);
  return true;
}

bool memory_rows::resume(notification_key key) {
  auto& of = notifications_.at(key);
  if (of.state != state::paused) return false;
  of.told.reset();
  change(of, of.fan_out_done || of.audience > 0 ? state::sending : state::launched);
  complete_if_settled(of);
  return true;
}

bool memory_rows::cancel(notification_key key) {
  auto& of = notifications_.at(key);
  if (of.state == state::scheduled) {
    of.fan_out_done = true;
    of.canceled_at = of.completed_at = clock_();
    change(of, state::canceled);
    return true;
  }
  if (!under_way(of.state) && of.state != state::paused) return false;
  of.told = control::canceled;
  of.canceled_at = clock_();
  change(of, state::canceled);
  complete_if_settled(of);
  return true;
}

void memory_rows::change(row& of, state to) {
  auto before = std::exchange(of.state, to);
  if (changed && before != to) changed(of, before);
}

/// As `when_settled` and `complete_notification` have it (storage/notification_rows.cpp).
bool memory_rows::complete_if_settled(row& of) {
  bool unfinished = under_way(of.state) || (of.state == state::canceled && of.completed_at == 0);
  if (!unfinished || !of.fan_out_done || of.audience != of.counts.total()) return false;
  auto expired = of.counts[outcome::expired];
  of.told.reset();
  of.completed_at = clock_();
  if (of.state == state::canceled) return true;
  change(of, expired > 0 && expired + of.counts[outcome::skipped] == of.audience ? state::expired
                                                                                 : state::completed);
  return true;
}

// -- what fan-out does --

result<void> memory_rows::check_epoch(uint64_t epoch) const {
  if (lease.check_epoch(epoch)) return {};
  return error{errc::fenced, "another leads", "", 0};
}

std::vector<fan_out_job> memory_rows::worklist(size_t limit) const {
  std::vector<fan_out_job> jobs;
  for (const auto& [key, of] : notifications_)
    if (!of.fan_out_done && (under_way(of.state) || of.state == state::canceled) && jobs.size() < limit)
      jobs.push_back({key, of.state == state::canceled});
  return jobs;
}

std::vector<std::pair<notification_key, result<fan_out_task>>> memory_rows::tasks(
    std::vector<notification_key> keys) const {
  std::sort(keys.begin(), keys.end());
  std::vector<std::pair<notification_key, result<fan_out_task>>> found;
  for (auto key : keys) {
    const auto& of = notifications_.at(key);
    fan_out_task task;
    task.key = key;
    task.application = {1};
    task.lane = of.draft.lane;
    task.state = of.state;
    task.last_device = of.last_device;
    task.launched_at = of.launched_at;
    task.audience = of.draft.audience;
    task.message = message_of(of.draft);
    task.message.key = key;
    task.message.expires_at = of.expires_at;
    task.bytes = 100;
    found.emplace_back(key, std::move(task));
  }
  return found;
}

result<std::set<notification_key>> memory_rows::begin_sending(const std::vector<notification_key>& keys,
                                                              uint64_t epoch) {
  if (auto leads = check_epoch(epoch); !leads) return leads.failure();
  std::set<notification_key> sending;
  for (auto key : keys) {
    auto& of = notifications_.at(key);
    if (!under_way(of.state)) continue;
    change(of, state::sending);
    sending.insert(key);
  }
  return sending;
}

result<void> memory_rows::record_audience(notification_key key, uint64_t epoch, uint64_t audience) {
  if (auto leads = check_epoch(epoch); !leads) return leads;
  auto& of = notifications_.at(key);
  if (!of.fan_out_done) of.audience = audience;
  return {};
}

result<void> memory_rows::conclude(const std::vector<final_audience>& audiences, uint64_t epoch) {
  if (auto leads = check_epoch(epoch); !leads) return leads;
  for (const auto& [key, targets] : audiences) {
    auto& of = notifications_.at(key);
    if (!of.fan_out_done) {
      of.audience = targets;
      of.fan_out_done = true;
      if (of.state == state::launched) change(of, state::sending);
    }
    complete_if_settled(of);
  }
  return {};
}

size_t memory_rows::sweep_completed() {
  size_t completed = 0;
  for (auto& [key, of] : notifications_)
    completed += complete_if_settled(of) ? 1 : 0;
  return completed;
}

notification_store::due_launches memory_rows::launch_due(size_t most) {
  notification_store::due_launches made;
  auto now = clock_();
  for (auto& [key, of] : notifications_) {
    if (of.state != state::scheduled || of.due_at > now || made.launched == most) continue;
    of.last_device = devices_.empty() ? device_key() : devices_.back().key;
    of.launched_at = now;
    of.expires_at = now + utc_ms{of.draft.ttl_seconds} * 1000;
    change(of, state::launched);
    ++made.launched;
  }
  return made;
}

std::optional<utc_ms> memory_rows::next_due_in() const {
  std::optional<utc_ms> left;
  for (const auto& [key, of] : notifications_)
    if (of.state == state::scheduled) {
      auto wait = std::max<utc_ms>(0, of.due_at - clock_());
      if (!left || wait < *left) left = wait;
    }
  return left;
}

size_t memory_rows::end_outlived_pauses() {
  size_t ended = 0;
  for (auto& [key, of] : notifications_) {
    if (of.state != state::paused || of.expires_at > clock_()) continue;
    of.told.reset();
    change(of, state::sending);
    ++ended;
  }
  return ended;
}

std::map<notification_key, control> memory_rows::controlled() const {
  std::map<notification_key, control> found;
  for (const auto& [key, of] : notifications_)
    if (of.told) found[key] = *of.told;
  return found;
}

page_end memory_rows::read(device_key after, device_key last, const page_bounds& bounds,
                           const std::function<bool(const device_row&)>& wanted,
                           const std::function<void(const device_row&)>& visit) const {
  page_end end;
  end.last = after;
  for (const auto& device : devices_) {
    if (!(after < device.key) || last < device.key || !wanted(device)) continue;
    if (end.rows == bounds.rows) return end;
    visit(device);
    end.last = device.key;
    ++end.rows;
  }
  end.at_end = true;
  return end;
}

// -- what result-writers do --

delivery_store::recorded memory_rows::record(const std::vector<result_batch>& batches) {
  delivery_store::recorded made;
  std::set<notification_key> touched;
  for (const auto& batch : batches) {
    auto found = notifications_.find(batch.notification);
    if (found == notifications_.end()) {
      made.missing.push_back(batch.notification);
      continue;
    }
    for (const auto& each : batch.results) {
      if (!deliveries_.emplace(delivery_key(batch.notification, each.device), each).second) continue;
      ++found->second.counts[each.outcome];
      ++made.rows;
      touched.insert(batch.notification);
    }
  }
  for (auto key : touched)
    if (complete_if_settled(notifications_.at(key))) made.completed.push_back(key);
  return made;
}

}  // namespace pusher::testing
