// Waits between attempts that grow, with decorrelated jitter, so that many clients do not come back at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace pusher {

/// Each wait is drawn between the shortest one and three times the last one, up to the longest.
class back_off {
 public:
  using milliseconds = std::chrono::milliseconds;

  back_off(milliseconds shortest, milliseconds longest, uint32_t seed = std::random_device{}())
      : shortest_(shortest), longest_(longest), last_(shortest), random_(seed) {}

  milliseconds next() {
    std::uniform_int_distribution<milliseconds::rep> draw(shortest_.count(),
                                                          std::max(shortest_.count() + 1, last_.count() * 3));
    last_ = std::min(longest_, milliseconds(draw(random_)));
    return last_;
  }

  /// After a success: the next wait is short again.
  void reset() { last_ = shortest_; }

 private:
  milliseconds shortest_;
  milliseconds longest_;
  milliseconds last_;
  std::minstd_rand random_;
};

}  // namespace pusher
