#include "transports/gateway_sender.hpp"

#include <algorithm>
#include <utility>

#include "transports/retry_after.hpp"

namespace pusher {

namespace {

using std::chrono::milliseconds;

constexpr unsigned refusals_that_pause = 3;
constexpr unsigned failures_that_show = 3;
constexpr size_t body_bytes_to_keep = 4 * 1024;
constexpr auto expiry_interval = milliseconds(1'000);
constexpr int64_t postponed_ms = 2'000;
constexpr auto alarm_stays = std::chrono::minutes(5);

bool recently(steady_time when, steady_time now) {
  return when != steady_time() && now < when + alarm_stays;
}

/// The wait that an answer asks for. Nearly none does, and then nobody asks for the time.
std::optional<int64_t> asked_wait_ms(const push_request& done) {
  if (done.retry_after.empty()) return std::nullopt;
  return parse_retry_after(done.retry_after, done.date, now_ms());
}

}  // namespace

h2::pool_bounds pool_bounds_of(const limits_settings& limits) {
  h2::pool_bounds bounds;
  bounds.max_connections = std::max(1u, limits.connections_per_credential);
  bounds.connection.request_timeout = std::chrono::seconds(std::max(1u, limits.request_timeout_seconds));
  return bounds;
}

gateway_sender::gateway_sender(parts from, std::string name, const origin& where, h2::pool_bounds bounds,
                               sending_pace pace)
    : loop_(from.loop),
      protocol_(from.protocol),
      window_(from.window),
      name_(std::move(name)),
      pool_(from.loop, from.tls, where, bounds, *this),
      pacer_(pace.per_minute, std::chrono::seconds(pace.ramp_seconds), from.loop.now()),
      budget_(pace.retry_budget_percent, from.loop.now()) {
  tally_.table = &protocol_.table();
}

gateway_sender::~gateway_sender() = default;

// -- what the node asks -------------------------------------------------------------------------------------

void gateway_sender::submit(push_order order) {
  withdrawn_ = false;
  (order.urgency == lane::transactional ? urgent_ : campaigns_).add(std::move(order));
}

void gateway_sender::grant(size_t requests) {
  grants_ = grants_.value_or(0) + requests;
}

void gateway_sender::withdraw(uint64_t order) {
  auto give_up = [this](const open_target& target) { give_back(target, verdict_kind::unsent); };
  urgent_.withdraw(order, give_up);
  campaigns_.withdraw(order, give_up);
  take_waiting([order](const open_target& target) { return target.of->order.id == order; }, give_up);
}

void gateway_sender::withdraw_all() {
  withdrawn_ = true;
  auto give_up = [this](const open_target& target) { give_back(target, verdict_kind::unsent); };
  urgent_.withdraw_all(give_up);
  campaigns_.withdraw_all(give_up);
  take_waiting([](const open_target&) { return true; }, give_up);
}

bool gateway_sender::blocked() const {
  return breaker_.is_open() || (pool_.usable() == 0 && pool_.failures_in_a_row() >= failures_that_show);
}

void gateway_sender::give_up_waiting(const verdict& as, size_t keep) {
  if (queued() <= keep) return;
  std::vector<open_target> kept;
  for (auto* lane : {&urgent_, &campaigns_})
    while (!lane->empty() && kept.size() < keep)
      kept.push_back(lane->take());
  auto give_up = [&](const open_target& target) { answer(target, as); };
  urgent_.withdraw_all(give_up);
  campaigns_.withdraw_all(give_up);
  for (auto& target : kept)
    lane_of(target).put_back(target);
}

// -- before a push ------------------------------------------------------------------------------------------

steady_time gateway_sender::on_round(steady_time now) {
  round_time_ = now_ms();
  if (held_) held_times_[*held_] += now - held_since_;
  held_since_ = now;
  pool_.begin_round(now);
  look_after_credential(now);
  expire_waiting(now);
  start_pushes(now);
  return next_due(pool_.end_round(now), now);
}

void gateway_sender::look_after_credential(steady_time now) {
  auto current = protocol_.credential(now);
  if (current == generation_) return;
  generation_ = current;
  if (current != 0) send_again_with_new_credential();
}

void gateway_sender::send_again_with_new_credential() {
  for (auto& target : waiting_for_credential_)
    lane_of(target).put_back(target);
  waiting_for_credential_.clear();
}

void gateway_sender::expire_waiting(steady_time now) {
  if (now < next_expiry_) return;
  next_expiry_ = now + expiry_interval;
  auto give_up = [this](const open_target& target) { give_back(target, verdict_kind::expired); };
  urgent_.expire(round_time_, give_up);
  campaigns_.expire(round_time_, give_up);
  take_waiting(
      [this](const open_target& target) { return target.of->order.content->expires_at <= round_time_; },
      give_up);
}

template <class Wanted>
void gateway_sender::take_waiting(Wanted wanted, const lane_queue::give_up& each) {
  auto gone = std::stable_partition(waiting_for_credential_.begin(), waiting_for_credential_.end(),
                                    [&](const open_target& target) { return !wanted(target); });
  std::for_each(gone, waiting_for_credential_.end(), each);
  waiting_for_credential_.erase(gone, waiting_for_credential_.end());
}

void gateway_sender::start_pushes(steady_time now) {
  pacer_due_ = window_due_ = steady_time::max();
  held_.reset();
  if (queued() == 0) return;
  if (generation_ == 0) {
    held_ = held_by::credential;
    return;
  }
  pacer_.advance(now);
  size_t free_streams = pool_.free_streams();
  // A tenth of the streams is for what must not wait behind a campaign.
  size_t kept_free = pool_.capacity() / 10;
  size_t open = pool_.in_flight();
  while (window_.may_start(open, now) && breaker_.may_start(now) && grants_.value_or(1) > 0) {
    lane_queue* lane = next_lane(free_streams, kept_free);
    if (lane == nullptr) break;
    if (!start(*lane, lane == &urgent_ ? lane::transactional : lane::campaign)) continue;
    window_.started(now);
    --free_streams;
    ++open;
  }
  bool streams_lack = urgent_.empty() ? free_streams <= kept_free : free_streams == 0;
  bool window_is_full = !window_.may_start(open, now);
  if (queued() > 0 && streams_lack && !window_is_full && breaker_.may_start(now)) pool_.want_more();
  if (queued() > 0) held_ = why_held(window_is_full, now);
  // Open requests grow old without an event.
  window_due_ = window_is_full && open > 0 ? now + std::chrono::milliseconds(1) : steady_time::max();
}

/// Why what waits was not started.
held_by::kind gateway_sender::why_held(bool window_is_full, steady_time now) const {
  if (!breaker_.may_start(now)) return held_by::breaker;
  if (window_is_full) return held_by::records;
  bool paced = pacer_due_ != steady_time::max() || grants_.value_or(1) == 0;
  return paced ? held_by::rate : held_by::streams;
}

lane_queue* gateway_sender::next_lane(size_t free_streams, size_t kept_free) {
  if (!urgent_.empty() && free_streams > 0) {
    if (pacer_.may_start(lane::transactional)) return &urgent_;
    pacer_due_ = pacer_.next_start(lane::transactional);
  }
  if (!campaigns_.empty() && free_streams > kept_free) {
    if (pacer_.may_start(lane::campaign)) return &campaigns_;
    pacer_due_ = std::min(pacer_due_, pacer_.next_start(lane::campaign));
  }
  return nullptr;
}

/// Starts one request. False when its targets were answered without one.
bool gateway_sender::start(lane_queue& from, lane urgency) {
  push_request& fresh = take_free();
  take_targets(from, fresh);
  if (!prepare(fresh)) {
    release(fresh);
    return false;
  }
  pool_.send(fresh);
  if (grants_) --*grants_;
  fresh.probe = breaker_.started();
  pacer_.started(urgency);
  ++requests_;
  return true;
}

/// As many of the first order as one request may carry.
void gateway_sender::take_targets(lane_queue& from, push_request& into) {
  auto* order = from.front();
  auto most = protocol_.targets_per_request(*order->order.content);
  while (into.targets.size() < most && !from.empty() && from.front() == order) {
    bool alone = most > 1 && protocol_.stands_alone(from.next_token());
    if (alone && !into.targets.empty()) return;
    into.targets.push_back(from.take());
    if (alone) return;
  }
}

bool gateway_sender::prepare(push_request& fresh) {
  if (fresh.content().expires_at <= round_time_) {
    answer_all(fresh, verdict_kind::expired);
    return false;
  }
  if (!afford(fresh)) {
    answer_all(fresh, verdict_kind::postponed, "RETRY_BUDGET");
    return false;
  }
  fresh.generation = generation_;
  auto refusal = protocol_.word(fresh, round_time_);
  if (!refusal) {
    join_trace(fresh);
    return true;
  }
  for (auto& target : fresh.targets)
    answer(target, *refusal);
  return false;
}

/// Few are traced: for the others this is one look.
void gateway_sender::join_trace(push_request& fresh) {
  const auto& parent = fresh.targets.front().of->order.trace_parent;
  if (parent.empty()) return;
  fresh.own.push_back({"traceparent", parent, h2::indexing::never});
  fresh.traced = true;
}

/// One request counts once, however many targets it has.
bool gateway_sender::afford(const push_request& fresh) {
  bool first = std::any_of(fresh.targets.begin(), fresh.targets.end(),
                           [](auto& each) { return each.target().attempts == 0; });
  if (!first) return budget_.take(loop_.now());
  budget_.started_first();
  return true;
}

steady_time gateway_sender::next_due(steady_time pool_due, steady_time now) const {
  if (queued() == 0 && waiting_for_credential_.empty()) return pool_due;
  steady_time due = std::min({pool_due, next_expiry_, pacer_due_, window_due_});
  // A probe that is due already waits for something else: a token, a stream, a record. That will wake us.
  if (breaker_.is_open() && breaker_.probe_due() > now) due = std::min(due, breaker_.probe_due());
  return due;
}

// -- after a push -------------------------------------------------------------------------------------------

void gateway_sender::on_finished(h2::exchange& done) {
  auto& finished = static_cast<push_request&>(done);
  auto now = loop_.now();
  auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - finished.started).count();
  took_us_ = static_cast<uint32_t>(std::clamp<int64_t>(took, 1, UINT32_MAX));
  status_ = static_cast<uint16_t>(finished.how == h2::ending::answered ? finished.status : 0);
  switch (finished.how) {
    case h2::ending::answered:
      judge(finished);
      break;
    case h2::ending::unsent:
      if (finished.probe) breaker_.on_probe_lost(now);
      answer_all(finished, verdict_kind::unsent);
      break;
    case h2::ending::unknown:
      // A lost connection is no sign of a gateway that refuses: its own waits follow from the pool.
      if (!finished.connection_lost)
        breaker_.on_failure(finished.probe, milliseconds(0), now);
      else if (finished.probe)
        breaker_.on_probe_lost(now);
      tally_.unanswered += finished.targets.size();
      answer_all(finished, verdict_kind::unknown, "NO_ANSWER");
      break;
  }
  took_us_ = status_ = 0;
  release(finished);
}

void gateway_sender::judge(push_request& done) {
  auto reading = protocol_.read(done);
  auto& rule = protocol_.table().find(done.status, reading.code, reading.detail);
  count(done, reading, rule);
  if (rule.action == answer_action::refresh_credential) return on_credential_stale(done, rule, reading);
  if (rule.action == answer_action::refused_credential) return on_credential_refused(done, rule, reading);
  note_rule(done, rule, verdict_of(rule, asked_wait_ms(done)), loop_.now());
  for (size_t i = 0; i < done.targets.size(); ++i) {
    bool differs = i < reading.parts.size();
    auto& own = differs ? reading.parts[i] : reading;
    answer_rule_of(done.targets[i],
                   differs ? protocol_.table().find(done.status, own.code, own.detail) : rule, own, done);
  }
}

void gateway_sender::count(const push_request& done, const answer_reading& reading, const answer_rule& rule) {
  auto add = [this](const answer_rule& met, size_t targets) {
    auto place = protocol_.table().place_of(met);
    (place && *place < push_tally::most_rules ? tally_.by_rule[*place] : tally_.unlisted) += targets;
  };
  tally_.latency.add(std::chrono::microseconds(took_us_));
  if (reading.parts.empty()) return add(rule, done.targets.size());
  for (size_t i = 0; i < done.targets.size(); ++i) {
    if (i >= reading.parts.size()) return add(rule, done.targets.size() - i);
    add(protocol_.table().find(done.status, reading.parts[i].code, reading.parts[i].detail), 1);
  }
}

/// What the answer tells about the gateway as a whole.
void gateway_sender::note_rule(const push_request& done, const answer_rule& rule, const verdict& made,
                               steady_time now) {
  if (rule.action == answer_action::retry_elsewhere) pool_.replace_connections();
  if (rule.reach == answer_reach::endpoint) {
    foreign_answer_at_ = now;
    return breaker_.on_failure(done.probe, milliseconds(0), now);
  }
  if (made.kind == verdict_kind::retry) {
    milliseconds asked(made.retry_after_ms);
    if (rule.reach == answer_reach::credential) return breaker_.on_quota(done.probe, asked, now);
    return breaker_.on_failure(done.probe, asked, now);
  }
  breaker_.on_success(done.probe);
  refusals_in_a_row_ = 0;
  refused_code_.clear();
  if (made.kind == verdict_kind::accepted) foreign_answer_at_ = {};
  if (rule.reach == answer_reach::credential) {
    third_party_refusal_at_ = now;
    third_party_code_ = rule.code;
  }
}

void gateway_sender::answer_rule_of(const open_target& target, const answer_rule& rule,
                                    const answer_reading& reading, const push_request& done) {
  if (rule.action == answer_action::retry_elsewhere && !target.resent)
    return lane_of(target).put_back(target);
  auto made = verdict_of(rule, asked_wait_ms(done));
  if (made.kind == verdict_kind::other_environment &&
      (target.target().switched || !protocol_.has_other_environment()))
    made.kind = verdict_kind::unregistered;
  if (made.kind == verdict_kind::accepted) {
    made.gateway_message_id = reading.message_id;
    made.replacement_token = reading.replacement_token;
  } else {
    made.code = !reading.code.empty() ? reading.code : "HTTP_" + std::to_string(done.status);
  }
  if (made.kind == verdict_kind::unregistered) made.unregistered_at = reading.unregistered_at;
  answer(target, std::move(made));
}

/// Whether it is the credential alone that was refused.
bool gateway_sender::spares_the_push(const push_request& done) const {
  return (done.status == 401 || done.status == 403) && protocol_.refusals_spare_the_push();
}

/// First in its lane again; given back where nothing is sent any more, e.g. as another credential is in use.
void gateway_sender::send_again(const open_target& target) {
  if (withdrawn_)
    give_back(target, verdict_kind::unsent);
  else
    lane_of(target).put_back(target);
}

/// The first refusal may mean a stale token: it is renewed and the push sent again. The second one is the
/// credential's: the push waits, or where it may itself be the cause, that is final for it. Refusals in a
/// row, without an answer of any other kind between, mean all pushes: they pause, and one at a time finds out
/// whether an operator has mended it.
void gateway_sender::on_credential_stale(push_request& done, const answer_rule& rule,
                                         const answer_reading& reading) {
  auto now = loop_.now();
  protocol_.credential_refused(done.generation);
  if (++refusals_in_a_row_ >= refusals_that_pause) {
    breaker_.on_refusal(done.probe, milliseconds(0), now);
  } else if (done.probe) {
    breaker_.on_probe_lost(now);
  }
  for (auto& target : done.targets) {
    if (!target.resent && !withdrawn_) {
      waiting_for_credential_.push_back(target);
      continue;
    }
    refused_code_ = !reading.code.empty() ? reading.code : "HTTP_" + std::to_string(done.status);
    if (withdrawn_ || spares_the_push(done))
      send_again(target);
    else
      answer_rule_of(target, rule, reading, done);
  }
  if (generation_ != 0 && generation_ != done.generation) send_again_with_new_credential();
}

/// Refused for good: all pause at once. Those that were under way by then go back to wait, and so does the
/// one that found out, unless it may itself be the cause and would hold up all others for ever.
void gateway_sender::on_credential_refused(push_request& done, const answer_rule& rule,
                                           const answer_reading& reading) {
  bool was_paused = breaker_.is_open() && !done.probe;
  breaker_.on_refusal(done.probe, milliseconds(0), loop_.now());
  refused_code_ = !reading.code.empty() ? reading.code : "HTTP_" + std::to_string(done.status);
  for (auto& target : done.targets) {
    if (was_paused || spares_the_push(done))
      send_again(target);
    else
      answer_rule_of(target, rule, reading, done);
  }
}

void gateway_sender::answer(const open_target& target, verdict verdict) {
  window_.answered(verdict.kind);
  answers_.push_back({target.of->order.id, target.number(), std::move(verdict), took_us_, status_});
}

void gateway_sender::answer_all(const push_request& done, verdict_kind kind, const char* code) {
  for (auto& target : done.targets) {
    verdict made;
    made.kind = kind;
    made.code = code;
    if (kind == verdict_kind::postponed) made.retry_after_ms = postponed_ms;
    answer(target, std::move(made));
  }
}

void gateway_sender::give_back(const open_target& target, verdict_kind kind) {
  verdict made;
  made.kind = kind;
  answer(target, std::move(made));
}

push_request& gateway_sender::take_free() {
  if (free_.empty()) free_.push_back(requests_made_.emplace_back(std::make_unique<push_request>()).get());
  push_request& taken = *free_.back();
  free_.pop_back();
  return taken;
}

void gateway_sender::release(push_request& done) {
  done.targets.clear();
  done.rendered.reset();
  if (std::exchange(done.traced, false)) done.own.clear();
  done.probe = false;
  if (done.body.capacity() > body_bytes_to_keep) done.body = std::string();
  free_.push_back(&done);
}

// -- what an operator sees ----------------------------------------------------------------------------------

transport_stats gateway_sender::numbers() const {
  transport_stats numbers;
  numbers.tally = tally_;
  numbers.held = held_times_;
  numbers.held_now = held_;
  numbers.requests = requests_;
  numbers.in_flight = pool_.in_flight();
  numbers.queued = queued() + waiting_for_credential_.size();
  numbers.grants = grants_.value_or(0);
  numbers.connections = pool_.usable();
  numbers.stream_capacity = pool_.capacity();
  numbers.breaker_open = blocked();
  numbers.credential_refused = protocol_.refused_by_issuer() || !refused_code_.empty();
  numbers.refused_code = refused_code_;
  numbers.token = protocol_.token(std::chrono::steady_clock::now());
  return numbers;
}

std::string gateway_sender::trouble(steady_time now) const {
  if (auto reason = protocol_.credential_trouble(); !reason.empty()) return reason;
  if (!refused_code_.empty())
    return name_ + " refuses the credential (" + refused_code_ + "): pushes pause, devices stay as they are";
  if (!waiting_for_credential_.empty())
    return name_ + " calls the credential in use stale; pushes wait for a fresh one. Is the clock right?";
  if (pool_.usable() == 0 && pool_.failures_in_a_row() > 0) return pool_.trouble();
  if (recently(foreign_answer_at_, now)) return "answers do not come from " + name_ + "; check its base_url";
  if (breaker_.is_open())
    return name_ + " asks to wait, or fails again and again; one push at a time finds out when it recovers";
  if (recently(third_party_refusal_at_, now))
    return name_ + " says " + third_party_code_ + ": a key or topic for some devices must be mended there";
  return {};
}

}  // namespace pusher
