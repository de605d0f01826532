// What a transport answers, as outcomes and retries.
#include <algorithm>

#include "actors/sender_machine.hpp"

namespace pusher {

namespace {

// What is due in the same step goes back as one batch.
constexpr utc_ms step_of_told_waits_ms = 100;  // the gateway said when: no later than must be
constexpr utc_ms step_of_our_waits_ms = 1000;  // they are spread over many seconds anyway

utc_ms rounded_up(utc_ms time, utc_ms step) {
  return (time + step - 1) / step * step;
}

}  // namespace

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
  if (is_attempt(verdict.kind)) count_attempt(by, batch, answer.number, now);
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
      return take_unsent(batch, answer.number, now);
  }
}

void sender_machine::count_attempt(outlet_id by, open_batch& batch, uint32_t number, utc_ms now) {
  auto& counted = batch.unrecorded;
  auto own = std::find_if(counted.begin(), counted.end(), [by](auto& each) { return each.first == by; });
  ++(own == counted.end() ? counted.emplace_back(by, 0) : *own).second;
  if (unrecorded_++ == 0) unrecorded_since_ = now;
  auto& attempts = batch.batch.targets[number].attempts;
  if (attempts < 255) ++attempts;
}

void sender_machine::take_unsent(open_batch& batch, uint32_t number, utc_ms now) {
  if (draining_) {
    batch.returned.push_back(number);
    target_closed(batch);
  } else {
    batch.to_submit.push_back(number);
    batch.submit_at = now + bounds_.resend_pause_ms;
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
  if (verdict.retry_after_ms > 0) return rounded_up(now + verdict.retry_after_ms, step_of_told_waits_ms);
  auto least = std::max<utc_ms>(verdict.minimum_wait_ms, 1000);
  auto most = least;
  for (unsigned i = 0; i < attempts && most < bounds_.retry_wait_cap_ms; ++i)
    most *= 3;
  most = std::max(least, std::min(most, bounds_.retry_wait_cap_ms));
  return rounded_up(now + std::uniform_int_distribution<utc_ms>(least, most)(random_), step_of_our_waits_ms);
}

}  // namespace pusher
