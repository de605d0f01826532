// Bounds what a crash can double: pushes whose answers are not durable yet.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "transports/transport.hpp"

namespace pusher {

/// Counts answers without a record, and requests that started just now: a quick gateway has answered those
/// already, though we have not read it. Requests that are open for longer wait for the gateway and do not
/// count, or a distant one could never be kept busy. Arithmetic only: the caller brings the time.
class answer_window {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  /// How long a request counts without an answer.
  static constexpr std::chrono::milliseconds young{4};

  explicit answer_window(size_t limit) : limit_(std::max<size_t>(limit, 1)) {}

  /// `open`: requests without an answer.
  bool may_start(size_t open, time_point now) {
    advance(now);
    size_t recent = 0;
    for (auto starts : starts_)
      recent += starts;
    return unrecorded_ + std::min(open, recent) < limit_;
  }
  void started(time_point now) {
    advance(now);
    ++starts_[static_cast<size_t>(tick_) % starts_.size()];
  }
  /// An answer goes to the sender. What never left the house need not be recorded before others leave.
  void answered(verdict_kind kind) {
    if (is_attempt(kind)) ++unrecorded_;
  }
  void recorded(size_t answers) { unrecorded_ -= std::min(unrecorded_, answers); }
  size_t unrecorded() const { return unrecorded_; }

 private:
  /// Forgets the starts of milliseconds that are over.
  void advance(time_point now) {
    auto tick = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    auto steps = std::min<long long>(tick - tick_, static_cast<long long>(starts_.size()));
    for (long long i = 0; i < steps; ++i)
      starts_[static_cast<size_t>(tick - i) % starts_.size()] = 0;
    tick_ = std::max<long long>(tick_, tick);
  }

  size_t limit_;
  size_t unrecorded_ = 0;
  long long tick_ = 0;
  std::array<size_t, young.count()> starts_{};  ///< by millisecond
};

}  // namespace pusher
