#include "actors/sender_machine.hpp"

#include <algorithm>
#include <set>

#include "model/message_wording.hpp"

namespace pusher {

namespace {

constexpr unsigned strikes_before_split = 3;
constexpr unsigned strikes_of_parts = 2;  // so that the next failing claim splits a part again
constexpr size_t parts_of_a_split = 8;
constexpr size_t most_worded = 128;         // messages of one notification, by localization and wave
constexpr unsigned most_retry_batches = 4;  // per claimed batch
constexpr const char* canceled_code = "CANCELED";
constexpr utc_ms early_retry_ms = 1000;  // retries do not wait longer than this for the rest of their batch
constexpr utc_ms content_pause_ms = 5000;
constexpr utc_ms longest_hold_ms = 1000;      // a reserved turn that is further off waits in the journal
constexpr utc_ms longest_lateness_ms = 3000;  // later than that, a turn must be reserved anew

utc_ms rounded_up_to_seconds(utc_ms time) {
  return (time + 999) / 1000 * 1000;
}

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
  utc_ms until = 0;
  auto no_later = [&until](utc_ms at) {
    if (at > 0 && (until == 0 || at < until)) until = at;
  };
  if (unrecorded_ > 0) no_later(unrecorded_since_ + bounds_.record_interval_ms);
  for (const auto& [order, batch] : batches_) {
    if (!batch.to_submit.empty()) no_later(std::max(batch.submit_at, content_retry_at_));
    if (!batch.progress.retries.empty() && batch.groups + 1 < most_retry_batches)
      no_later(batch.retry_since + early_retry_ms);
  }
  return idle{until};
}

// -- what is paused or canceled --

const control* sender_machine::control_of(const open_batch& batch) const {
  auto found = controls_.of.find(batch.batch.notification);
  return found == controls_.of.end() || found->second == control::released ? nullptr : &found->second;
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
  if (draining_ || results_are_full()) return std::nullopt;
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

// -- claimed batches --

void sender_machine::claimed(push_route which, std::vector<claim> claims, bool maybe_more, utc_ms now) {
  if (!maybe_more) of(which).work_may_wait = false;
  of(which).urgent_may_wait = false;
  auto& route = of(which);
  auto before = route.open_targets;
  for (auto& each : claims)
    admit(std::move(each), now);
  if (!claims.empty())
    targets_per_batch_ =
        std::max<size_t>(1, (route.open_targets - before + claims.size() - 1) / claims.size());
}

void sender_machine::admit(claim origin, utc_ms now) {
  auto queue = push_queue::parse(origin.queue);
  auto batch = decode_push_batch(origin.payload);
  if (!queue || !batch) {
    to_bury_.push_back({std::move(origin), batch ? "unknown queue" : batch.failure().detail});
    return;
  }
  ++counters_.batches_claimed;
  auto& opened = batches_[++last_order_];
  opened.queue = *queue;
  opened.batch = std::move(*batch);
  opened.progress.done.resize(opened.batch.targets.size());
  if (!origin.progress.empty()) {
    // A record that cannot be read would make us send again what was sent: better to stop and be looked at.
    auto progress = decode_batch_progress(origin.progress);
    if (!progress || progress->done.size() != opened.batch.targets.size()) {
      to_bury_.push_back({std::move(origin), "its progress record cannot be read"});
      batches_.erase(last_order_);
      return;
    }
    opened.progress = std::move(*progress);
    opened.retry_since = now;
  }
  std::vector<bool> waits(opened.batch.targets.size());
  for (const auto& each : opened.progress.retries)
    waits[each.target] = true;
  for (uint32_t i = 0; i < opened.batch.targets.size(); ++i)
    if (!opened.progress.done[i] && !waits[i]) opened.to_submit.push_back(i);
  opened.open = opened.to_submit.size();
  opened.home = &of({queue->application, channel_of(queue->gateway, queue->environment)});
  opened.home->open_targets += opened.open;
  opened.split = origin.strikes >= strikes_before_split && opened.open > 1;
  opened.origin = std::move(origin);
  opened.origin.payload.clear();
  if (opened.split) {
    ++counters_.batches_split;
    opened.returned = std::move(opened.to_submit);
    opened.to_submit.clear();
    opened.home->open_targets -= opened.open;
    opened.open = 0;
  } else if (opened.batch.expires_at <= now) {
    expire(opened, now);
  }
}

void sender_machine::expire(open_batch& batch, utc_ms now) {
  verdict late;
  late.code = "TTL_ENDED";
  for (auto number : batch.to_submit)
    settle(batch, number, outcome::expired, late, now);
  batch.to_submit.clear();
}

void sender_machine::content_loaded(notification_key key, std::optional<message> content, utc_ms now) {
  if (content) {
    forget_unused_contents();
    contents_[key] = {std::move(*content), {}};
    return;
  }
  // The leader puts missing content back; until then the batch waits here, under our claim.
  ++counters_.content_missing;
  content_retry_at_ = now + content_pause_ms;
}

void sender_machine::forget_unused_contents() {
  if (contents_.size() < contents_kept_) return;
  std::set<uint64_t> used;
  for (const auto& [order, batch] : batches_)
    used.insert(batch.batch.notification.value);
  for (auto at = contents_.begin(); at != contents_.end();)
    at = used.count(at->first.value) ? std::next(at) : contents_.erase(at);
  contents_kept_ = std::max<size_t>(64, 2 * contents_.size());
}

std::vector<std::string> sender_machine::entries_of(const std::string& queue) const {
  std::vector<std::string> entries;
  for (const auto& [order, batch] : batches_)
    if (batch.origin.queue == queue) entries.push_back(batch.origin.entry);
  for (const auto& each : to_bury_)
    if (each.what.queue == queue) entries.push_back(each.what.entry);
  return entries;
}

// -- answers --

void sender_machine::answered(outlet_id by, const std::vector<push_answer>& answers, utc_ms now) {
  for (const auto& answer : answers) {
    auto found = batches_.find(answer.order);
    if (found == batches_.end()) {
      // The batch was taken over by someone else: its answers no longer wait for a record of ours.
      if (is_attempt(answer.verdict.kind)) ++released_[by];
      continue;
    }
    take_answer(by, found->second, answer, now);
  }
}

void sender_machine::take_answer(outlet_id by, open_batch& batch, const push_answer& answer, utc_ms now) {
  const auto& verdict = answer.verdict;
  if (is_attempt(verdict.kind)) {
    auto& counted = batch.unrecorded;
    auto own = std::find_if(counted.begin(), counted.end(), [by](auto& each) { return each.first == by; });
    ++(own == counted.end() ? counted.emplace_back(by, 0) : *own).second;
    if (unrecorded_++ == 0) unrecorded_since_ = now;
    auto& attempts = batch.batch.targets[answer.number].attempts;
    if (attempts < 255) ++attempts;
  }
  switch (verdict.kind) {
    case verdict_kind::accepted:
      return settle(batch, answer.number, outcome::accepted, verdict, now);
    case verdict_kind::unregistered:
      return settle(batch, answer.number, outcome::unregistered, verdict, now);
    case verdict_kind::rejected:
      return settle(batch, answer.number, outcome::rejected, verdict, now);
    case verdict_kind::expired:
      return settle(batch, answer.number, outcome::expired, verdict, now);
    case verdict_kind::retry:
      return take_retry(batch, answer.number, verdict, now);
    case verdict_kind::postponed:
      return put_aside_until(batch, answer.number, verdict, now + verdict.retry_after_ms, now);
    case verdict_kind::other_environment:
      return try_other_environment(batch, answer.number, verdict, now);
    case verdict_kind::unknown:
      if (auto known = contents_.find(batch.batch.notification);
          known != contents_.end() && known->second.stored.allow_duplicates)
        return take_retry(batch, answer.number, verdict, now);
      return settle(batch, answer.number, outcome::unknown, verdict, now);
    case verdict_kind::unsent:
      if (draining_) {
        batch.returned.push_back(answer.number);
        target_closed(batch);
      } else {
        batch.to_submit.push_back(answer.number);
        batch.submit_at = now + bounds_.resend_pause_ms;
      }
      return;
  }
}

void sender_machine::settle(open_batch& batch, uint32_t number, outcome result, const verdict& verdict,
                            utc_ms now) {
  const auto& target = batch.batch.targets[number];
  push_result made;
  made.device = target.device;
  made.outcome = result;
  made.attempts = target.attempts;
  made.settled_at = now;
  made.code = verdict.code;
  made.gateway_message_id = verdict.gateway_message_id;
  if (result == outcome::unregistered) {
    made.token = sha256(target.push_token);
    made.unregistered_at = verdict.unregistered_at;
  }
  ++counters_.outcomes[result];
  if (!verdict.replacement_token.empty() && verdict.replacement_token != target.push_token) {
    made.replacement_token = verdict.replacement_token;
    made.token = sha256(target.push_token);
  }
  if (result == outcome::accepted && target.switched) {
    made.found_in = other_environment(batch.queue.environment);
    made.token = sha256(target.push_token);
  }
  batch.fresh.push_back(std::move(made));
  batch.progress.done[number] = true;
  batch.changed = true;
  target_closed(batch);
}

void sender_machine::take_retry(open_batch& batch, uint32_t number, const verdict& verdict, utc_ms now) {
  auto attempts = batch.batch.targets[number].attempts;
  if (attempts >= bounds_.attempts)
    return settle(batch, number, verdict.kind == verdict_kind::unknown ? outcome::unknown : outcome::failed,
                  verdict, now);
  put_aside_until(batch, number, verdict, due_after(verdict, attempts, now), now);
}

/// A token that its own environment does not know may belong to the gateway's other one: asked once.
void sender_machine::try_other_environment(open_batch& batch, uint32_t number, const verdict& verdict,
                                           utc_ms now) {
  auto& target = batch.batch.targets[number];
  if (target.switched) return settle(batch, number, outcome::unregistered, verdict, now);
  target.switched = true;
  if (goal_of(batch, number).state != service::open) {
    target.switched = false;
    return settle(batch, number, outcome::unregistered, verdict, now);
  }
  batch.to_submit.push_back(number);
}

void sender_machine::put_aside_until(open_batch& batch, uint32_t number, const verdict& verdict, utc_ms due,
                                     utc_ms now) {
  auto attempts = batch.batch.targets[number].attempts;
  if (const auto* told = control_of(batch); told && *told == control::canceled) {
    // Its last try was answered; there is none to wait for.
    return settle(batch, number, outcome::canceled, verdict, now);
  }
  if (due >= batch.batch.expires_at) return settle(batch, number, outcome::expired, verdict, now);
  if (batch.progress.retries.empty()) batch.retry_since = now;
  batch.progress.retries.push_back({number, attempts, due, verdict.code});
  batch.changed = true;
  target_closed(batch);
}

utc_ms sender_machine::due_after(const verdict& verdict, unsigned attempts, utc_ms now) {
  if (verdict.retry_after_ms > 0) return rounded_up_to_seconds(now + verdict.retry_after_ms);
  auto least = std::max<utc_ms>(verdict.minimum_wait_ms, 1000);
  auto most = least;
  for (unsigned i = 0; i < attempts && most < bounds_.retry_wait_cap_ms; ++i)
    most *= 3;
  most = std::max(least, std::min(most, bounds_.retry_wait_cap_ms));
  return rounded_up_to_seconds(now + std::uniform_int_distribution<utc_ms>(least, most)(random_));
}

// -- commits --

bool sender_machine::record_due(utc_ms now) const {
  return unrecorded_ > 0 &&
         (unrecorded_ >= bounds_.record_answers || now >= unrecorded_since_ + bounds_.record_interval_ms);
}

std::optional<sender_machine::action> sender_machine::next_commit(utc_ms now) {
  if (!commits_.empty()) return commit{&commits_};
  bool all = record_due(now);
  for (auto& [order, batch] : batches_) {
    bool finished = batch.open == 0;
    bool retries_wait = !batch.progress.retries.empty() && batch.groups + 1 < most_retry_batches &&
                        now >= batch.retry_since + early_retry_ms;
    if (!finished && !retries_wait && !(all && batch.changed)) continue;
    commits_of_.push_back({order, batch.unrecorded});
    commits_.push_back(make_commit(batch, finished));
    unrecorded_ -= sum_of(batch.unrecorded);
    batch.unrecorded.clear();
    batch.changed = false;
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
  made.expected_sequence = batch.origin.sequence++;
  made.finished = finished;
  made.results.notification = batch.batch.notification;
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
    back.strikes = batch.split ? strikes_of_parts : 0;
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

void sender_machine::committed(const journal::recorded& recorded) {
  results_depth_ = recorded.results_depth;
  for (size_t i = 0; i < commits_.size(); ++i) {
    release(commits_of_[i].unrecorded);
    auto found = batches_.find(commits_of_[i].batch);
    if (found == batches_.end()) continue;
    auto& batch = found->second;
    if (i < recorded.status.size() && recorded.status[i] == commit_status::fenced && !commits_[i].finished) {
      ++counters_.batches_fenced;
      batch.home->open_targets -= batch.open;
      unrecorded_ -= sum_of(batch.unrecorded);
      release(batch.unrecorded);
      to_withdraw_.push_back({found->first, true});
      batches_.erase(found);
    } else if (commits_[i].finished) {
      ++counters_.batches_finished;
      batches_.erase(found);
    }
  }
  commits_.clear();
  commits_of_.clear();
}

}  // namespace pusher
