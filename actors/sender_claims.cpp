// What becomes of the batches that a sender claims, and what it keeps of their contents.
#include <algorithm>
#include <set>

#include "actors/sender_machine.hpp"

namespace pusher {

namespace {

constexpr utc_ms content_pause_ms = 5000;

}  // namespace

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
  if (!resume(opened, origin.progress, now)) {
    to_bury_.push_back({std::move(origin), "its progress record cannot be read"});
    forget(batches_.find(last_order_));
    return;
  }
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
  opened.suspect = opened.origin.strikes >= strikes_of_a_suspect && opened.open > 0;
  if (opened.suspect) ++suspects_;
  opened.to_mark = waits_for_suspects(last_order_, opened);
}

void sender_machine::forget(std::map<uint64_t, open_batch>::iterator batch) {
  if (batch->second.suspect) --suspects_;
  if (batch->second.doubted) --doubted_;
  batches_.erase(batch);
}

/// Suspects are sent one at a time, and those behind record first that they wait. If the one that is sent
/// kills this process, it alone gets the strike; else it would take the others with it to the dead letters.
bool sender_machine::waits_for_suspects(uint64_t order, const open_batch& batch) const {
  if (!batch.suspect) return false;
  return !may_send_suspects_ || std::any_of(batches_.begin(), batches_.find(order),
                                            [](const auto& each) { return each.second.suspect; });
}

bool sender_machine::holds_suspects() const {
  return suspects_ > 0 && std::any_of(batches_.begin(), batches_.end(), [](const auto& each) {
           return each.second.suspect && each.second.open > 0;
         });
}

bool sender_machine::holds_suspects(const std::string& queue) const {
  return suspects_ > 0 && std::any_of(batches_.begin(), batches_.end(), [&](const auto& each) {
           return each.second.suspect && each.second.open > 0 && each.second.origin.queue == queue;
         });
}

/// Goes on where the record of an earlier claim ends. False when it cannot be read: that would make us send
/// again what was sent, and it is better to stop and be looked at.
bool sender_machine::resume(open_batch& batch, const std::string& record, utc_ms now) {
  auto size = batch.batch.targets.size();
  batch.progress.done.resize(size);
  if (!record.empty()) {
    auto progress = decode_batch_progress(record);
    if (!progress || progress->done.size() != size) return false;
    batch.progress = std::move(*progress);
    batch.retry_since = now;
  }
  std::vector<bool> waits(size);
  for (const auto& each : batch.progress.retries)
    waits[each.target] = true;
  for (uint32_t i = 0; i < size; ++i)
    if (!batch.progress.done[i] && !waits[i]) batch.to_submit.push_back(i);
  batch.open = batch.to_submit.size();
  return true;
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

}  // namespace pusher
