// The half of a gateway_sender that comes after a push: what an answer means for its targets, and for the
// gateway, the credential and the connections as a whole.
#include <algorithm>
#include <utility>

#include "transports/gateway_sender.hpp"
#include "transports/retry_after.hpp"

namespace pusher {

namespace {

using std::chrono::milliseconds;

constexpr unsigned refusals_that_pause = 3;
constexpr int64_t postponed_ms = 2'000;

/// The wait that an answer asks for. Nearly none does, and then nobody asks for the time.
std::optional<int64_t> asked_wait_ms(const push_request& done) {
  if (done.retry_after.empty()) return std::nullopt;
  return parse_retry_after(done.retry_after, done.date, now_ms());
}

}  // namespace

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

}  // namespace pusher
