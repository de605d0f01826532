#include "transports/fcm/sender.hpp"

#include <algorithm>

#include "transports/fcm/payload.hpp"

namespace pusher {

namespace {

using std::chrono::milliseconds;

constexpr unsigned refusals_that_pause = 3;
constexpr unsigned failures_that_show = 3;
constexpr size_t body_bytes_to_keep = 4 * 1024;
constexpr auto expiry_interval = milliseconds(1'000);
constexpr auto alarm_stays = std::chrono::minutes(5);

h2::pool_bounds pool_bounds_of(const limits_settings& limits) {
  h2::pool_bounds bounds;
  bounds.max_connections = std::max(1u, limits.connections_per_credential);
  bounds.connection.request_timeout = std::chrono::seconds(std::max(1u, limits.request_timeout_seconds));
  return bounds;
}

bool recently(steady_time when, steady_time now) {
  return when != steady_time() && now < when + alarm_stays;
}

}  // namespace

/// A request and whose it is. Reused.
struct fcm_sender::push : h2::exchange {
  open_target target;
  std::shared_ptr<const std::string> suffix;
  std::string escaped_token;
  uint64_t generation = 0;  ///< of the access token that it carried
  bool probe = false;
};

fcm_sender::fcm_sender(parts from, const fcm_settings& settings, const limits_settings& limits)
    : loop_(from.loop),
      tokens_(from.tokens),
      authority_(from.origin.authority),
      path_(from.origin.path + "/v1/projects/" + from.project_id + "/messages:send"),
      pool_(from.loop, from.tls, from.origin, pool_bounds_of(limits), *this),
      pacer_(settings.messages_per_minute, std::chrono::seconds(settings.ramp_seconds), from.loop.now()),
      window_(limits.unrecorded_answers) {}

fcm_sender::~fcm_sender() = default;

// -- what the node asks -------------------------------------------------------------------------------------

void fcm_sender::submit(push_order order) {
  (order.urgency == lane::transactional ? urgent_ : campaigns_).add(std::move(order));
}

void fcm_sender::withdraw(uint64_t order) {
  auto give_up = [this](const open_target& target) { give_back(target, verdict_kind::unsent); };
  urgent_.withdraw(order, give_up);
  campaigns_.withdraw(order, give_up);
  take_waiting([order](const open_target& target) { return target.of->order.id == order; }, give_up);
}

void fcm_sender::withdraw_all() {
  auto give_up = [this](const open_target& target) { give_back(target, verdict_kind::unsent); };
  urgent_.withdraw_all(give_up);
  campaigns_.withdraw_all(give_up);
  take_waiting([](const open_target&) { return true; }, give_up);
}

// -- before a push ------------------------------------------------------------------------------------------

steady_time fcm_sender::on_round(steady_time now) {
  pool_.begin_round(now);
  take_token();
  expire_waiting(now);
  start_pushes(now);
  return next_due(pool_.end_round(now), now);
}

void fcm_sender::take_token() {
  auto current = tokens_.token();
  if (current == token_) return;
  token_ = std::move(current);
  head_ = std::make_shared<h2::request_head>(h2::request_head{{":method", "POST"},
                                                              {":scheme", "https"},
                                                              {":authority", authority_},
                                                              {":path", path_},
                                                              {"authorization", "Bearer " + token_->value},
                                                              {"content-type", "application/json"},
                                                              {"user-agent", "pusher"}});
  send_again_with_new_token();
}

void fcm_sender::send_again_with_new_token() {
  for (auto& target : waiting_for_token_)
    (target.of->order.urgency == lane::transactional ? urgent_ : campaigns_).put_back(target);
  waiting_for_token_.clear();
}

void fcm_sender::expire_waiting(steady_time now) {
  if (now < next_expiry_) return;
  next_expiry_ = now + expiry_interval;
  auto give_up = [this](const open_target& target) { give_back(target, verdict_kind::expired); };
  utc_ms time = now_ms();
  urgent_.expire(time, give_up);
  campaigns_.expire(time, give_up);
  take_waiting([time](const open_target& target) { return target.of->order.content->expires_at <= time; },
               give_up);
}

template <class Wanted>
void fcm_sender::take_waiting(Wanted wanted, const lane_queue::give_up& each) {
  auto gone = std::stable_partition(waiting_for_token_.begin(), waiting_for_token_.end(),
                                    [&](const open_target& target) { return !wanted(target); });
  std::for_each(gone, waiting_for_token_.end(), each);
  waiting_for_token_.erase(gone, waiting_for_token_.end());
}

void fcm_sender::start_pushes(steady_time now) {
  pacer_due_ = window_due_ = steady_time::max();
  if (queued() == 0 || !token_ || token_->expires <= now) return;
  pacer_.advance(now);
  size_t free_streams = pool_.free_streams();
  // A tenth of the streams is for what must not wait behind a campaign.
  size_t kept_free = pool_.capacity() / 10;
  size_t open = pool_.in_flight();
  while (window_.may_start(open, now) && breaker_.may_start(now)) {
    lane_queue* lane = next_lane(free_streams, kept_free);
    if (lane == nullptr) break;
    if (!start(lane->take(), lane == &urgent_ ? lane::transactional : lane::campaign)) continue;
    window_.started(now);
    --free_streams;
    ++open;
  }
  bool streams_lack = urgent_.empty() ? free_streams <= kept_free : free_streams == 0;
  bool window_is_full = !window_.may_start(open, now);
  if (queued() > 0 && streams_lack && !window_is_full && breaker_.may_start(now)) pool_.want_more();
  // Open requests grow old without an event.
  window_due_ = window_is_full && open > 0 ? now + std::chrono::milliseconds(1) : steady_time::max();
}

lane_queue* fcm_sender::next_lane(size_t free_streams, size_t kept_free) {
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

/// Starts one push. False when the target was answered without one.
bool fcm_sender::start(open_target target, lane urgency) {
  push& fresh = take_free();
  fresh.target = std::move(target);
  if (!prepare(fresh)) {
    release(fresh);
    return false;
  }
  pool_.send(fresh);
  fresh.probe = breaker_.started();
  pacer_.started(urgency);
  ++requests_;
  return true;
}

bool fcm_sender::prepare(push& fresh) {
  auto& order = *fresh.target.of;
  utc_ms time = now_ms();
  if (order.order.content->expires_at <= time) {
    give_back(fresh.target, verdict_kind::expired);
    return false;
  }
  // The time-to-live is in seconds: what was rendered a second ago is out of date.
  if (!order.rendered || time - order.rendered_at >= 1'000) {
    auto suffix = render_fcm_suffix(*order.order.content, time);
    if (!suffix) {
      verdict refusal;
      refusal.kind = verdict_kind::rejected;
      refusal.code = "INVALID_CONTENT";
      answer(fresh.target, std::move(refusal));
      return false;
    }
    order.rendered = std::make_shared<const std::string>(*std::move(suffix));
    order.rendered_at = time;
  }
  fresh.suffix = order.rendered;
  fresh.head = head_;
  fresh.generation = token_->generation;
  fresh.payload = {fcm_body_prefix, escape_token(fresh.target.token(), fresh.escaped_token), *fresh.suffix};
  return true;
}

steady_time fcm_sender::next_due(steady_time pool_due, steady_time now) const {
  if (queued() == 0) return pool_due;
  steady_time due = std::min({pool_due, next_expiry_, pacer_due_, window_due_});
  // A probe that is due already waits for something else: a token, a stream, a record. That will wake us.
  if (breaker_.is_open() && breaker_.probe_due() > now) due = std::min(due, breaker_.probe_due());
  return due;
}

// -- after a push -------------------------------------------------------------------------------------------

void fcm_sender::on_finished(h2::exchange& done) {
  auto& finished = static_cast<push&>(done);
  auto now = loop_.now();
  switch (finished.how) {
    case h2::ending::answered:
      judge(finished);
      break;
    case h2::ending::unsent:
      if (finished.probe) breaker_.on_probe_lost(now);
      give_back(finished.target, verdict_kind::unsent);
      break;
    case h2::ending::unknown: {
      // A lost connection is no sign of a gateway that refuses: its own waits follow from the pool.
      if (!finished.connection_lost)
        breaker_.on_failure(finished.probe, milliseconds(0), now);
      else if (finished.probe)
        breaker_.on_probe_lost(now);
      verdict lost;
      lost.code = "NO_ANSWER";
      answer(finished.target, std::move(lost));
      break;
    }
  }
  release(finished);
}

void fcm_sender::judge(push& done) {
  auto now = loop_.now();
  auto judged = judge_fcm_answer({done.status, done.body, done.retry_after, done.date}, now_ms());
  auto& verdict = judged.verdict;
  milliseconds asked(verdict.retry_after_ms);
  switch (judged.reach) {
    case fcm_verdict::scope::credential:
      return on_credential_refused(done, std::move(verdict));
    case fcm_verdict::scope::project:
      breaker_.on_quota(done.probe, asked, now);
      break;
    case fcm_verdict::scope::endpoint:
      foreign_answer_at_ = now;
      breaker_.on_failure(done.probe, milliseconds(0), now);
      break;
    case fcm_verdict::scope::target:
      if (verdict.kind == verdict_kind::retry) {
        breaker_.on_failure(done.probe, asked, now);
      } else {
        breaker_.on_success(done.probe);
        refusals_in_a_row_ = 0;
        credential_refused_ = false;
      }
      if (verdict.kind == verdict_kind::accepted) foreign_answer_at_ = {};
      if (verdict.code == "THIRD_PARTY_AUTH_ERROR") third_party_refusal_at_ = now;
      break;
  }
  answer(done.target, std::move(verdict));
}

/// The first refusal may mean a stale token: it is minted anew and the push sent again. The second one is
/// final for that push. Refusals in a row, without an answer of any other kind between, mean all pushes: they
/// pause, and one at a time finds out whether an operator has mended it.
void fcm_sender::on_credential_refused(push& done, verdict refusal) {
  auto now = loop_.now();
  tokens_.refused(done.generation);
  if (++refusals_in_a_row_ >= refusals_that_pause) {
    breaker_.on_refusal(done.probe, milliseconds(0), now);
  } else if (done.probe) {
    breaker_.on_probe_lost(now);
  }
  if (done.target.resent) {
    credential_refused_ = true;
    return answer(done.target, std::move(refusal));
  }
  waiting_for_token_.push_back(done.target);
  if (token_->generation != done.generation) send_again_with_new_token();
}

void fcm_sender::answer(const open_target& target, verdict verdict) {
  window_.answered(verdict.kind);
  answers_.push_back({target.of->order.id, target.number(), std::move(verdict)});
}

void fcm_sender::give_back(const open_target& target, verdict_kind kind) {
  verdict made;
  made.kind = kind;
  answer(target, std::move(made));
}

fcm_sender::push& fcm_sender::take_free() {
  if (free_.empty()) {
    free_.push_back(pushes_.emplace_back(std::make_unique<push>()).get());
  }
  push& taken = *free_.back();
  free_.pop_back();
  return taken;
}

void fcm_sender::release(push& done) {
  done.target.of.reset();
  done.suffix.reset();
  if (done.body.capacity() > body_bytes_to_keep) done.body = std::string();
  free_.push_back(&done);
}

// -- what an operator sees ----------------------------------------------------------------------------------

transport_stats fcm_sender::numbers() const {
  transport_stats numbers;
  numbers.requests = requests_;
  numbers.in_flight = pool_.in_flight();
  numbers.queued = queued() + waiting_for_token_.size();
  numbers.connections = pool_.usable();
  numbers.stream_capacity = pool_.capacity();
  numbers.breaker_open =
      breaker_.is_open() || (numbers.connections == 0 && pool_.failures_in_a_row() >= failures_that_show);
  return numbers;
}

std::string fcm_sender::trouble(steady_time now) const {
  if (auto reason = tokens_.trouble(); !reason.empty()) return reason;
  if (credential_refused_)
    return "FCM refuses the service account's access tokens; check its roles and the project";
  if (pool_.usable() == 0 && pool_.failures_in_a_row() > 0) return pool_.trouble();
  if (recently(foreign_answer_at_, now)) return "answers do not come from FCM; check fcm.base_url";
  if (breaker_.is_open())
    return "FCM asks to wait, or fails again and again; one push at a time finds out when it recovers";
  if (recently(third_party_refusal_at_, now))
    return "FCM cannot sign in with APNs or Web Push; check the keys in the Firebase project";
  return {};
}

}  // namespace pusher
