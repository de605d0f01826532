#include "transports/gateway_sender.hpp"

#include <algorithm>
#include <utility>

namespace pusher {

namespace {

using std::chrono::milliseconds;

constexpr unsigned failures_that_show = 3;
constexpr size_t body_bytes_to_keep = 4 * 1024;
constexpr auto expiry_interval = milliseconds(1'000);
constexpr auto alarm_stays = std::chrono::minutes(5);

bool recently(steady_time when, steady_time now) {
  return when != steady_time() && now < when + alarm_stays;
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

// -- requests, used again and again
// --------------------------------------------------------------------------

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
