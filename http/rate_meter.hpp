// How fast one caller may ask: a bucket that holds one second's requests and fills evenly.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

namespace pusher::http {

/// What a client may know of its limit.
struct rate_reading {
  uint32_t limit = 0;          ///< requests per second
  uint32_t remaining = 0;      ///< that may be made at once
  uint32_t reset_seconds = 0;  ///< until `limit` may be made at once again
};

/// Not thread-safe.
class rate_meter {
 public:
  using clock = std::chrono::steady_clock;

  /// Whether one more request may be made; takes it if so. `limit` is not 0, and may differ from call to
  /// call.
  bool take(uint32_t limit, clock::time_point now) {
    fill(limit, now);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

  rate_reading read(uint32_t limit, clock::time_point now) {
    fill(limit, now);
    return {limit, static_cast<uint32_t>(left_), seconds_until(limit, limit)};
  }

  /// Until one more may be made.
  uint32_t retry_after_seconds(uint32_t limit) const { return std::max(1U, seconds_until(limit, 1)); }

 private:
  void fill(uint32_t limit, clock::time_point now) {
    if (!since_) left_ = limit;
    std::chrono::duration<double> passed = now - since_.value_or(now);
    left_ = std::min<double>(limit, left_ + std::max(0.0, passed.count()) * limit);
    since_ = now;
  }

  uint32_t seconds_until(uint32_t limit, double wanted) const {
    return static_cast<uint32_t>(std::ceil(std::max(0.0, wanted - left_) / limit));
  }

  double left_ = 0;
  std::optional<clock::time_point> since_;
};

}  // namespace pusher::http
