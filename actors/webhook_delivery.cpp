#include "actors/webhook_delivery.hpp"

#include <algorithm>

#include "actors/log.hpp"
#include "actors/webhook_retry.hpp"

namespace pusher {

namespace {

using std::chrono::milliseconds;

constexpr int looks_per_turn = 16;
constexpr int pages_per_look = 4;
constexpr size_t page_events = 1000;
constexpr utc_ms longest_interval_ms = 250;  // an event's first wait, and what a new leader costs
constexpr utc_ms store_pause_ms = 1'000;
constexpr utc_ms fault_pause_ms = 60'000;  // what only an operator can mend, such as a missing key
constexpr utc_ms note_interval_ms = 5'000;
constexpr int gone_status = 410;

bool reaches(const feed_position& at, const feed_position& end) {
  return at.row > end.row || (at.row == end.row && at.offset >= end.offset);
}

bool same(const feed_position& a, const feed_position& b) {
  return a.row == b.row && a.at == b.at && a.offset == b.offset;
}

event_types wanted_by(const webhook_job& job) {
  if (job.events.empty()) return event_types::all();
  event_types wanted;
  for (auto each : job.events)
    wanted.add(each);
  return wanted;
}

}  // namespace

webhook_client_rules webhook_rules(const webhooks_settings& config) {
  webhook_client_rules rules;
  rules.outside.ports = config.ports;
  rules.outside.allow_private = rules.outside.allow_http = config.allow_private_addresses;
  rules.ca_file = config.ca_file;
  rules.timeout = std::chrono::seconds(config.timeout_seconds);
  return rules;
}

std::string webhook_secret_context(const std::string& webhook_id) {
  return "webhook " + webhook_id;
}

webhook_delivery::webhook_delivery(const settings& config, const key_ring& keys, metrics& numbers,
                                   std::function<void()> fenced)
    : config_(config.webhooks),
      interval_ms_(std::min<utc_ms>(config.limits.poll_interval_ms, longest_interval_ms)),
      keys_(keys),
      numbers_(numbers),
      fenced_(std::move(fenced)),
      database_(config.mysql),
      progress_(database_, config.webhooks.attempts_kept),
      feed_(database_),
      client_(webhook_rules(config.webhooks)),
      schedule_(config.webhooks.concurrent_requests) {}

void webhook_delivery::lead(uint64_t epoch) {
  if (epoch == epoch_) return;
  // Whoever leads next repeats what is under way, under the same id.
  client_.abandon();
  sent_.clear();
  schedule_.clear();
  refresh_at_ = 0;
  epoch_ = epoch;
}

void webhook_delivery::turn(utc_ms now, milliseconds most) {
  if (epoch_ != 0 && !finishing_) {
    if (now >= refresh_at_) refresh(now);
    for (int i = 0; i < looks_per_turn && epoch_ != 0; ++i) {
      auto key = schedule_.next(now);
      if (!key) break;
      look(*key, now);
      if (i + 1 == looks_per_turn) most = milliseconds(0);
    }
    auto until = refresh_at_;
    if (auto timer = schedule_.until(); timer != 0) until = std::min(until, timer);
    most = std::clamp(milliseconds(until - now), milliseconds(0), most);
  }
  for (const auto& answer : client_.wait(most))
    answered(answer, steady_ms());
}

void webhook_delivery::refresh(utc_ms now) {
  refresh_at_ = now + interval_ms_;
  auto enabled = progress_.enabled();
  if (!enabled) {
    refresh_at_ = now + store_pause_ms;
    return troubles_.warn("webhooks.store_failed", "enabled", enabled.failure().detail);
  }
  schedule_.refresh(*enabled);
  numbers_.webhooks_waiting(schedule_.waiting());
}

void webhook_delivery::look(webhook_key key, utc_ms now) {
  auto job = progress_.load(key);
  if (!job) return failed("load", key, "", job.failure(), now);
  if (!*job) return schedule_.gone(key);
  if ((*job)->due_in_ms > 0) return schedule_.wait(key, now + (*job)->due_in_ms);
  if (auto done = look_into(**job, now); !done) failed("deliver", key, (*job)->id, done.failure(), now);
}

result<void> webhook_delivery::look_into(const webhook_job& job, utc_ms now) {
  auto& kept = schedule_.remembered(job.key);
  if (kept.generation != job.generation) {
    kept = {};
    kept.generation = job.generation;
  }
  auto from = reaches(kept.looked_to, job.cursor) ? kept.looked_to : job.cursor;
  auto found = gather(job, from);
  if (!found) return found.failure();
  auto& batch = found->batch;
  if (batch.size() == 0) return nothing_to_send(job, *found, now);
  kept.looked_to = from;
  if (job.batch_end) return send(job, batch);
  if (!batch.full() && found->complete) {
    if (kept.gathering_since == 0) kept.gathering_since = now;
    auto until = kept.gathering_since + job.max_wait_ms;
    if (until > now) {
      schedule_.gather(job.key, until);
      return {};
    }
  }
  auto begun = progress_.begin_batch(epoch_, {job.key, job.generation}, batch.end());
  if (!begun) return begun.failure();
  if (!*begun) {
    schedule_.again(job.key);
    return {};
  }
  // Crash here => the next look finds the batch begun, and sends it under the same id.
  kept.gathering_since = 0;
  return send(job, batch);
}

result<webhook_delivery::gathered> webhook_delivery::gather(const webhook_job& job,
                                                            const feed_position& from) {
  auto most_events = job.batch_end ? page_events : job.max_events;
  gathered made{webhook_batch(job.id, job.cursor, most_events, config_.body_bytes), from, false};
  auto wanted = wanted_by(job);
  // A batch that was begun is put together as a whole: a part of it would be another batch.
  auto whole = [&] { return job.batch_end && made.batch.size() > 0; };
  for (int i = 0; (i < pages_per_look || whole()) && !made.complete; ++i) {
    auto page = feed_.read(job.application, made.looked_to, most_events, wanted);
    if (!page && page.failure().code == errc::cursor_expired) {
      log::warn("webhook.events_missed",
                {{"webhook", job.id}, {"detail", "what came next was older than the feed keeps"}});
      page = feed_.read(job.application, {}, most_events, wanted);
    }
    if (!page) return page.failure();
    for (const auto& event : page->events) {
      if (job.batch_end && !reaches(*job.batch_end, event.behind)) {
        made.complete = true;
        return made;
      }
      if (!made.batch.add(event)) return made;
    }
    made.looked_to = page->next;
    made.complete = page->at_end || (job.batch_end && reaches(made.looked_to, *job.batch_end));
    if (made.batch.full()) return made;
  }
  return made;
}

result<void> webhook_delivery::nothing_to_send(const webhook_job& job, const gathered& found, utc_ms now) {
  auto& kept = schedule_.remembered(job.key);
  kept.looked_to = found.looked_to;
  kept.gathering_since = 0;
  // A batch that was begun has lost its events (their notification was deleted): go on behind it.
  bool lost = job.batch_end && found.complete;
  auto cursor = lost ? *job.batch_end : found.looked_to;
  bool time_to_note = !job.batch_end && !same(cursor, job.cursor) && now >= kept.noted_at + note_interval_ms;
  if (lost || time_to_note) {
    kept.noted_at = now;
    auto moved = progress_.advance(epoch_, {job.key, job.generation}, cursor, nullptr);
    if (!moved) return moved.failure();
  }
  if (found.complete && !lost)
    schedule_.idle(job.key);
  else
    schedule_.again(job.key);
  return {};
}

result<std::vector<std::string>> webhook_delivery::open_secrets(const webhook_job& job) const {
  std::vector<std::string> secrets;
  for (const auto& sealed : job.sealed_secrets) {
    auto secret = keys_.open(sealed, webhook_secret_context(job.id));
    if (!secret) return secret.failure();
    secrets.push_back(std::move(*secret));
  }
  return secrets;
}

result<void> webhook_delivery::send(const webhook_job& job, const webhook_batch& batch) {
  webhook_request request;
  request.tag = job.key.value;
  request.url = job.url;
  request.body = batch.body();
  auto secrets = open_secrets(job);
  if (!secrets) return secrets.failure();
  auto headers = webhook_headers(*secrets, batch.message_id(), now_ms() / 1000, request.body);
  if (!headers) return headers.failure();
  request.headers = std::move(*headers);
  webhook_attempt attempt;
  attempt.message_id = batch.message_id();
  attempt.type = "events";
  attempt.events = static_cast<uint32_t>(batch.size());
  sent_[job.key] = {job.id, {job.key, job.generation}, batch.end(), std::move(attempt), job.tries};
  schedule_.sent(job.key);
  client_.start(std::move(request));
  return {};
}

void webhook_delivery::answered(const webhook_answer& answer, utc_ms now) {
  webhook_key key{answer.tag};
  auto found = sent_.find(key);
  if (found == sent_.end()) return;
  auto batch = std::move(found->second);
  sent_.erase(found);
  batch.attempt.status = answer.status;
  batch.attempt.latency_ms = answer.latency_ms;
  numbers_.webhook_answered(answer.taken()       ? "taken"
                            : answer.status != 0 ? "refused"
                                                 : "no_answer",
                            answer.taken() ? batch.attempt.events : 0);
  // Crash here => the batch is sent again, under the same id.
  auto recorded = answer.taken() ? progress_.advance(epoch_, batch.of, batch.end, &batch.attempt)
                                 : record_failure(batch, answer);
  if (!recorded) return failed("record", key, batch.id, recorded.failure(), now);
  // Whether it was recorded or a client has changed the webhook meanwhile: its row says how to go on.
  schedule_.again(key);
}

result<bool> webhook_delivery::record_failure(const sent_batch& batch, const webhook_answer& answer) {
  auto attempt = batch.attempt;
  attempt.trouble = answer.trouble.empty() ? "answered " + std::to_string(answer.status) : answer.trouble;
  attempt.excerpt = answer.excerpt;
  std::uniform_real_distribution<double> chance(0, 1);
  auto wait = webhook_wait_ms(config_.retry_seconds, batch.tries + 1, answer.retry_after_ms, chance(random_));
  webhook_progress_store::consequence then;
  if (answer.status == gone_status)
    then.state = webhook_state::gone;
  else if (!wait)
    then.state = webhook_state::failing;
  then.wait_ms = wait.value_or(0);
  auto recorded = progress_.failed(epoch_, batch.of, attempt, then);
  if (!recorded || !*recorded) return recorded;
  if (then.state != webhook_state::enabled) {
    numbers_.webhook_disabled(to_string(then.state));
    log::error(
        "webhook.disabled",
        {{"webhook", batch.id}, {"reason", std::string(to_string(then.state))}, {"detail", attempt.trouble}});
  } else {
    log::warn(
        "webhook.not_taken",
        {{"webhook", batch.id}, {"tries", std::to_string(batch.tries + 1)}, {"detail", attempt.trouble}});
  }
  return recorded;
}

void webhook_delivery::failed(const char* doing, webhook_key key, const std::string& id, const error& why,
                              utc_ms now) {
  troubles_.warn("webhooks.store_failed", doing, why.detail, {"webhook", id});
  if (why.code == errc::fenced) {
    lead(0);
    return fenced_();
  }
  schedule_.wait(key, now + (is_retryable(why.code) ? store_pause_ms : fault_pause_ms));
}

}  // namespace pusher
