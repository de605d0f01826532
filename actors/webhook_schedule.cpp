#include "actors/webhook_schedule.hpp"

#include <algorithm>
#include <set>

namespace pusher {

void webhook_schedule::clear() {
  entries_.clear();
  ready_.clear();
  requests_ = 0;
}

void webhook_schedule::make_ready(webhook_key key, entry& of) {
  if (of.now != phase::ready) ready_.push_back(key);
  of.now = phase::ready;
}

void webhook_schedule::set(webhook_key key, phase next, utc_ms until) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  auto& of = found->second;
  if (of.now == phase::sending) --requests_;
  if (next == phase::sending) ++requests_;
  if (next == phase::ready) return make_ready(key, of);
  of.now = next;
  of.until = until;
}

void webhook_schedule::refresh(const std::vector<webhook_progress_store::at_work>& all) {
  std::set<webhook_key> enabled;
  for (const auto& each : all) {
    enabled.insert(each.of.key);
    auto& of = entries_[each.of.key];
    bool more = each.head > of.head_at_look;
    of.head = each.head;
    if (of.generation != each.of.generation) {
      of.generation = each.of.generation;
      // What is under way is answered first; then it gets its turn anyway.
      if (of.now != phase::sending) make_ready(each.of.key, of);
    } else if (more && (of.now == phase::idle || of.now == phase::gathering)) {
      make_ready(each.of.key, of);
    }
  }
  for (auto at = entries_.begin(); at != entries_.end();) {
    // What is under way is answered first: were it forgotten and enabled again, it would get a second
    // request.
    bool stays = enabled.count(at->first) > 0 || at->second.now == phase::sending;
    at = stays ? std::next(at) : entries_.erase(at);
  }
}

std::optional<webhook_key> webhook_schedule::next(utc_ms now) {
  if (requests_ >= most_requests_) return std::nullopt;
  for (auto& [key, of] : entries_)
    if ((of.now == phase::gathering || of.now == phase::waiting) && of.until <= now) make_ready(key, of);
  while (!ready_.empty()) {
    auto key = ready_.front();
    ready_.pop_front();
    auto found = entries_.find(key);
    if (found == entries_.end() || found->second.now != phase::ready) continue;
    found->second.now = phase::looked_at;
    found->second.head_at_look = found->second.head;
    return key;
  }
  return std::nullopt;
}

utc_ms webhook_schedule::until() const {
  utc_ms earliest = 0;
  for (const auto& [key, of] : entries_)
    if ((of.now == phase::gathering || of.now == phase::waiting) && (earliest == 0 || of.until < earliest))
      earliest = of.until;
  return earliest;
}

size_t webhook_schedule::waiting() const {
  return static_cast<size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const auto& each) { return each.second.now == phase::waiting; }));
}

void webhook_schedule::idle(webhook_key key) {
  set(key, phase::idle);
}

void webhook_schedule::gather(webhook_key key, utc_ms until) {
  set(key, phase::gathering, until);
}

void webhook_schedule::wait(webhook_key key, utc_ms until) {
  set(key, phase::waiting, until);
}

void webhook_schedule::again(webhook_key key) {
  set(key, phase::ready);
}

void webhook_schedule::sent(webhook_key key) {
  set(key, phase::sending);
}

void webhook_schedule::gone(webhook_key key) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (found->second.now == phase::sending) --requests_;
  entries_.erase(found);
}

}  // namespace pusher
