#include "http/key_ring.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pusher::http {

namespace {

uint64_t first_eight(const sha256_digest& digest) {
  uint64_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

}  // namespace

size_t key_ring::digest_hash::operator()(const sha256_digest& digest) const {
  return first_eight(digest);
}

// -- for the gate --

key_ring::admission key_ring::admit(std::string_view key, const std::string& address, bool counts,
                                    clock::time_point now) {
  auto digest = sha256(key);
  std::lock_guard<std::mutex> guard(mutex_);
  asked_ = true;
  admission made;
  auto found = keys_.find(digest);
  if (found == keys_.end()) {
    // Only a fresh list tells that there is no such key: one that was just made is to be asked of the stores.
    if (live_.count(first_eight(digest)) > 0 || now - checked_at_ > bounds_.fresh) return made;
    made.retry_after_seconds = wrong_.take(address, now);
    if (made.retry_after_seconds > 0) made.is = verdict::throttled;
    return made;
  }
  auto& of = found->second;
  of.last_asked = now;
  of.used = true;
  made.is = verdict::known;
  made.key = of.value.key.value;
  auto limit = limit_of(of);
  if (limit == 0) return made;
  if (counts && !of.meter.take(limit, now)) {
    made.is = verdict::limited;
    made.retry_after_seconds = of.meter.retry_after_seconds(limit);
  }
  made.rate = of.meter.read(limit, now);
  return made;
}

std::optional<rate_reading> key_ring::charge(std::string_view key, clock::time_point now) {
  auto digest = sha256(key);
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = keys_.find(digest);
  if (found == keys_.end() || limit_of(found->second) == 0) return std::nullopt;
  auto& of = found->second;
  of.used = true;
  (void)of.meter.take(limit_of(of), now);
  return of.meter.read(limit_of(of), now);
}

// -- for the api actors --

std::optional<principal> key_ring::find(std::string_view key, clock::time_point now) {
  auto digest = sha256(key);
  std::lock_guard<std::mutex> guard(mutex_);
  if (now >= trusted_until_) return std::nullopt;
  auto found = keys_.find(digest);
  if (found == keys_.end() || found->second.generation != generation_ || now >= found->second.expires)
    return std::nullopt;
  return found->second.value.who;
}

uint64_t key_ring::generation() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return generation_;
}

void key_ring::remember(std::string_view key, const known_key& value, uint64_t generation,
                        clock::time_point now) {
  auto digest = sha256(key);
  std::lock_guard<std::mutex> guard(mutex_);
  if (keys_.size() >= bounds_.most_keys && keys_.count(digest) == 0) make_room();
  auto& to = keys_[digest];
  to.value = value;
  // What was read before the last change is worth no trust, but its limits are still the best that we know.
  to.generation = generation == generation_ ? generation : 0;
  to.expires = value.lives_for.count() == 0 ? clock::time_point::max() : now + value.lives_for;
  to.last_asked = now;
  to.used = true;
}

void key_ring::forget(std::string_view key) {
  auto digest = sha256(key);
  std::lock_guard<std::mutex> guard(mutex_);
  keys_.erase(digest);
}

void key_ring::distrust() {
  std::lock_guard<std::mutex> guard(mutex_);
  ++generation_;
}

// -- for the keeper --

void key_ring::unchanged(clock::time_point asked_at) {
  std::lock_guard<std::mutex> guard(mutex_);
  trusted_until_ = std::max(trusted_until_, asked_at + bounds_.trust);
  checked_at_ = asked_at;
}

void key_ring::know_live(const std::vector<uint64_t>& hashes) {
  std::unordered_set<uint64_t> fresh(hashes.begin(), hashes.end());
  std::lock_guard<std::mutex> guard(mutex_);
  live_.swap(fresh);
}

bool key_ring::take_asked() {
  std::lock_guard<std::mutex> guard(mutex_);
  return std::exchange(asked_, false);
}

std::vector<api_key_id> key_ring::take_used(std::chrono::milliseconds interval, clock::time_point now) {
  constexpr size_t most = 500;
  std::vector<api_key_id> used;
  std::lock_guard<std::mutex> guard(mutex_);
  for (auto& [digest, each] : keys_) {
    if (used.size() == most) break;
    bool due = !each.told_at || now - *each.told_at >= interval;
    if (!each.used || !due) continue;
    each.used = false;
    each.told_at = now;
    used.push_back(each.value.key);
  }
  return used;
}

size_t key_ring::size() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return keys_.size();
}

/// Half of what is remembered goes, so that this happens rarely: whoever has not asked for longest.
void key_ring::make_room() {
  std::vector<clock::time_point> times;
  for (const auto& [digest, each] : keys_)
    times.push_back(each.last_asked);
  auto middle = times.begin() + static_cast<long>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  for (auto at = keys_.begin(); at != keys_.end();)
    at = at->second.last_asked <= *middle ? keys_.erase(at) : std::next(at);
}

}  // namespace pusher::http
