#include "actors/sender_machine.hpp"

#include <algorithm>
#include <set>

#include "model/message_wording.hpp"

namespace pusher {

namespace {

constexpr size_t most_worded = 128;  // messages of one notification, by localization and wave
constexpr const char* canceled_code = "CANCELED";
constexpr utc_ms longest_hold_ms = 1000;      // a reserved turn that is further off waits in the journal
constexpr utc_ms longest_lateness_ms = 3000;  // later than that, a turn must be reserved anew

}  // namespace

sender_machine::sender_machine(sender_bounds bounds, uint32_t seed) : bounds_(bounds), random_(seed) {}

void sender_machine::woken() {
  for (auto& [route, state] : routes_)
    state.work_may_wait = state.urgent_may_wait = true;
}

sender_machine::route_state& sender_machine::of(push_route which) {
  auto& state = routes_[which];
  state.route = which;
  return state;
}

void sender_machine::capacity(push_route which, size_t streams, bool blocked) {
  auto& state = of(which);
  state.state = service::open;
  state.blocked = blocked;
  state.capacity = streams;
}

void sender_machine::unserved(push_route which) {
  auto found = routes_.find(which);
  if (found == routes_.end()) return;
  found->second.state = service::none;
  bool used = std::any_of(batches_.begin(), batches_.end(),
                          [&](const auto& each) { return each.second.home == &found->second; });
  if (!used) routes_.erase(found);
}

void sender_machine::closed(push_route which) {
  auto& state = of(which);
  state.state = service::closed;
  state.blocked = false;
  state.capacity = 0;
}

void sender_machine::release(const counts& answers) {
  for (const auto& [outlet, count] : answers)
    released_[outlet] += count;
}

size_t sender_machine::sum_of(const counts& answers) {
  size_t sum = 0;
  for (const auto& [outlet, count] : answers)
    sum += count;
  return sum;
}

void sender_machine::target_closed(open_batch& batch) {
  --batch.open;
  --batch.home->open_targets;
}

/// Where a target is to be sent.
sender_machine::route_state& sender_machine::goal_of(const open_batch& batch, uint32_t number) {
  if (!batch.batch.targets[number].switched) return *batch.home;
  return of(
      {batch.queue.application, channel_of(batch.queue.gateway, other_environment(batch.queue.environment))});
}

// -- choosing the next action --

sender_machine::action sender_machine::next(utc_ms now) {
  if (!to_withdraw_.empty()) {
    auto order = to_withdraw_.front();
    to_withdraw_.pop_front();
    return order;
  }
  if (now < store_retry_at_) return idle{store_retry_at_};
  if (wanted_controls_ != controls_.version) return load_controls{};
  if (!controls_.of.empty()) obey_controls(now);
  if (!to_bury_.empty()) {
    auto first = std::move(to_bury_.front());
    to_bury_.pop_front();
    return first;
  }
  if (auto found = next_commit(now)) return std::move(*found);
  if (auto found = next_submit(now)) return std::move(*found);
  if (auto found = next_claim()) return std::move(*found);
  return idle{next_wake_up()};
}

/// When something is due without an event; 0 = never.
utc_ms sender_machine::next_wake_up() const {
  utc_ms until = 0;
  auto no_later = [&until](utc_ms at) {
    if (at > 0 && (until == 0 || at < until)) until = at;
  };
  if (unrecorded_ > 0) no_later(unrecorded_since_ + bounds_.record_interval_ms);
  for (const auto& [order, batch] : batches_) {
    if (!batch.to_submit.empty() && !waits_for_suspects(order, batch))
      no_later(std::max(batch.submit_at, content_retry_at_));
    no_later(retries_due_at(batch));
  }
  return until;
}

// -- what is paused or canceled --

const control* sender_machine::control_of(const open_batch& batch) const {
  auto found = controls_.of.find(batch.batch.notification);
  return found == controls_.of.end() || found->second == control::released ? nullptr : &found->second;
}

void sender_machine::clock_moved(utc_ms by) {
  auto move = [by](utc_ms& time) {
    if (time > 0) time += by;
  };
  move(unrecorded_since_);
  move(store_retry_at_);
  move(content_retry_at_);
  for (auto& [order, batch] : batches_) {
    move(batch.submit_at);
    move(batch.retry_since);
    move(batch.batch.reserved_at);
    for (auto& retry : batch.progress.retries)
      move(retry.due_at);
  }
}

void sender_machine::controlled(journal::controls now) {
  controls_ = std::move(now);
  wanted_controls_ = controls_.version;
  // What the transports hold and have not written comes back unsent, and then goes the way of the rest.
  for (const auto& [order, batch] : batches_)
    if (control_of(batch)) to_withdraw_.push_back({order, false});
}

void sender_machine::obey_controls(utc_ms now) {
  for (auto& [order, batch] : batches_) {
    const auto* told = control_of(batch);
    if (!told) continue;
    if (batch.batch.expires_at <= now) {
      expire(batch, now);
    } else if (*told == control::canceled) {
      verdict why;
      why.code = canceled_code;
      for (auto number : batch.to_submit)
        settle(batch, number, outcome::canceled, why, now);
      batch.to_submit.clear();
    } else if (!batch.to_submit.empty()) {
      batch.held = true;
      return_unsent(batch);
    }
  }
}

void sender_machine::return_unsent(open_batch& batch) {
  batch.returned.insert(batch.returned.end(), batch.to_submit.begin(), batch.to_submit.end());
  batch.open -= batch.to_submit.size();
  batch.home->open_targets -= batch.to_submit.size();
  batch.to_submit.clear();
}

/// As fan-out skips a device that it finds without a credential: this one lost it on the way.
void sender_machine::skip(open_batch& batch, utc_ms now) {
  verdict why;
  why.code = no_credential_rule;
  for (auto number : batch.to_submit)
    settle(batch, number, outcome::skipped, why, now);
  batch.to_submit.clear();
}

// -- sending --

std::optional<sender_machine::action> sender_machine::next_submit(utc_ms now) {
  for (auto& [order, batch] : batches_) {
    if (batch.to_submit.empty() || batch.submit_at > now) continue;
    auto& goal = goal_of(batch, batch.to_submit.front());
    if (draining_ || goal.state != service::open) {
      if (goal.state == service::closed && !draining_)
        skip(batch, now);
      else
        return_unsent(batch);
      if (auto found = next_commit(now)) return found;
      continue;
    }
    if (waits_for_suspects(order, batch)) continue;
    auto content = contents_.find(batch.batch.notification);
    if (content == contents_.end()) {
      if (now < content_retry_at_) continue;
      return missing_contents(now);
    }
    if (!may_go(batch, now))
      return reserve{order, batch.batch.notification, batch.batch.rate_per_second, batch.to_submit.size()};
    return take_submit(order, batch, goal, content->second);
  }
  return std::nullopt;
}

/// Of all that could be sent if it were there.
sender_machine::load_contents sender_machine::missing_contents(utc_ms now) const {
  load_contents wanted;
  std::set<notification_key> seen;
  for (const auto& [order, batch] : batches_) {
    if (wanted.keys.size() >= bounds_.contents_per_load) break;
    auto key = batch.batch.notification;
    if (batch.to_submit.empty() || batch.submit_at > now || contents_.count(key) > 0) continue;
    if (seen.insert(key).second) wanted.keys.push_back(key);
  }
  return wanted;
}

/// Waves of a notification share its content, and each has a time-to-live of its own.
std::shared_ptr<const message> sender_machine::known_content::in_words_of(size_t localization,
                                                                          utc_ms expires_at) {
  if (localization > stored.localizations.size()) localization = 0;
  if (worded.size() >= most_worded) worded.clear();  // made again when they are used again
  auto& made = worded[{localization, expires_at}];
  if (!made) {
    auto words = pusher::worded(stored, localization);
    words.expires_at = expires_at;
    made = std::make_shared<const message>(std::move(words));
  }
  return made;
}

/// The targets that wait and share a route and a localization: those whose token belongs to the gateway's
/// other environment go by themselves.
sender_machine::submit sender_machine::take_submit(uint64_t order, open_batch& batch, const route_state& goal,
                                                   known_content& content) {
  auto of_target = [&](uint32_t number) -> const push_target& { return batch.batch.targets[number]; };
  const auto& first = of_target(batch.to_submit.front());
  bool switched = first.switched;
  auto localization = first.localization;
  auto rest = std::stable_partition(batch.to_submit.begin(), batch.to_submit.end(), [&](auto number) {
    return of_target(number).switched == switched && of_target(number).localization == localization;
  });
  submit made;
  made.route = goal.route;
  made.order.id = order;
  made.order.content = content.in_words_of(localization, batch.batch.expires_at);
  made.order.urgency = batch.queue.lane;
  made.order.numbers.assign(batch.to_submit.begin(), rest);
  batch.to_submit.erase(batch.to_submit.begin(), rest);
  made.order.targets.reserve(made.order.numbers.size());
  for (auto number : made.order.numbers)
    made.order.targets.push_back(of_target(number));
  return made;
}

/// Whether the targets have their turn, where the notification has a rate: now, or soon enough to wait here
/// for it. A turn that was missed, e.g. as no sender ran, is gone.
bool sender_machine::may_go(const open_batch& batch, utc_ms now) {
  if (batch.batch.rate_per_second == 0 || batch.batch.retries > 0) return true;
  return batch.batch.reserved_at > 0 && now < batch.batch.reserved_at + longest_lateness_ms;
}

void sender_machine::reserved(uint64_t order, utc_ms due, utc_ms now) {
  auto found = batches_.find(order);
  if (found == batches_.end()) return;
  auto& batch = found->second;
  batch.batch.reserved_at = std::max<utc_ms>(due, 1);
  batch.submit_at = due;
  if (due <= now + longest_hold_ms) return;
  // Its turn is far off: it must not take the place of what can go now.
  batch.returned_until = due;
  return_unsent(batch);
}

std::optional<sender_machine::action> sender_machine::next_claim() {
  if (draining_ || held_ || results_are_full()) return std::nullopt;
  auto at = routes_.upper_bound(last_claimed_for_);
  for (size_t i = 0; i < routes_.size(); ++i, ++at) {
    if (at == routes_.end()) at = routes_.begin();
    auto& state = at->second;
    if (state.state == service::none) continue;
    // While the gateway is blocked its jobs wait in the journal, but for what will find out that it
    // recovered.
    auto most = state.blocked ? 1 : state.capacity + bounds_.spare_targets;
    bool any = state.work_may_wait && state.open_targets < most;
    // A campaign fills the queue; the transactional lane has room of its own.
    bool urgent =
        state.urgent_may_wait && state.open_targets < most + (state.blocked ? 0 : bounds_.spare_targets);
    if (!any && !urgent) continue;
    last_claimed_for_ = state.route;
    return claim_work{state.route, state.blocked ? 1 : batches_to_claim(), !any};
  }
  return std::nullopt;
}

/// More than a few only if they are as small as the last ones were: a claim for each push would cost more
/// than the push.
size_t sender_machine::batches_to_claim() const {
  return std::clamp(bounds_.targets_per_claim / targets_per_batch_, bounds_.batches_per_claim,
                    bounds_.most_batches_per_claim);
}

}  // namespace pusher
