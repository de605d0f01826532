// How many retries a credential may afford: a share of what it sends for the first time.
#pragma once

#include <algorithm>
#include <chrono>

namespace pusher {

/// Keeps a gateway in trouble from being asked several times for each push. Retries beyond the budget are put
/// off, not dropped. Arithmetic only: the caller brings the time.
class retry_budget {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `percent` of first attempts; 0 = no limit.
  retry_budget(unsigned percent, time_point now) : share_(percent / 100.0), updated_(now) {}

  void started_first() { tokens_ = std::min(tokens_ + share_, most); }
  /// Whether a retry may start now; it is counted.
  bool take(time_point now) {
    if (share_ <= 0) return true;
    std::chrono::duration<double> passed = now - updated_;
    updated_ = now;
    tokens_ = std::min(tokens_ + passed.count() * least_per_second, most);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  static constexpr double least_per_second = 50;  // the last retries of a campaign have nothing to follow
  static constexpr double most = 50'000;

  double share_;
  double tokens_ = 100;
  time_point updated_;
};

}  // namespace pusher
