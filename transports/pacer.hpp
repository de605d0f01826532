// How many requests may start: a rate spread evenly, a slow start, and a share kept for the urgent lane.
#pragma once

#include <chrono>
#include <cstdint>

#include "model/notification.hpp"

namespace pusher {

/// Arithmetic only: the caller brings the time. Not thread-safe.
///
/// The rate is a token bucket that holds 50 ms worth, so that a minute's quota is never spent at its start.
/// After idleness the rate begins at a tenth and grows by a straight line to the full one; it shrinks again
/// while less than half of it is used. A campaign may use nine tenths of whatever the rate is.
class pacer {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using seconds = std::chrono::duration<double>;

  /// `per_minute` 0 = no limit, and then there is nothing to ramp. `ramp` zero = the full rate at once.
  pacer(uint32_t per_minute, seconds ramp, time_point now);

  /// Brings the buckets up to date; to be called before may_start().
  void advance(time_point now);
  bool may_start(lane urgency) const;
  void started(lane urgency);
  /// When may_start(urgency) can become true by the passing of time.
  time_point next_start(lane urgency) const;
  /// Requests a second that are allowed now; 0 = no limit.
  double rate() const { return full_rate_ * level_; }

 private:
  struct bucket {
    double tokens = 0;
    void fill(double by, double most);
  };

  void judge_use(time_point now);
  double campaign_share() const { return rate() * 0.9; }

  double full_rate_;  ///< requests a second
  double level_;      ///< the part of it that is allowed now
  seconds ramp_;
  bucket all_;
  bucket campaigns_;
  time_point updated_;
  time_point judged_;
  uint64_t used_ = 0;  ///< since judged_
};

}  // namespace pusher
