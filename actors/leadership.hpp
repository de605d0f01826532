// Whether this process leads fan-out, as its lease keeper knows it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace pusher {

/// Written by the lease keeper's thread and the supervisor, read by fan-out. The lead ends by itself when it
/// is not prolonged in time.
class leadership {
 public:
  using clock = std::chrono::steady_clock;

  void hold(uint64_t epoch, clock::time_point until) {
    until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
    epoch_.store(epoch, std::memory_order_release);
  }
  void lose() { epoch_.store(0, std::memory_order_release); }

  /// Whether fan-out plays here; not from when it failed until it is started again. A lease is no use to us
  /// then.
  void play(bool now) { plays_.store(now, std::memory_order_release); }
  bool plays() const { return plays_.load(std::memory_order_acquire); }

  /// The epoch we lead in; 0 when we do not.
  uint64_t epoch(clock::time_point now = clock::now()) const {
    auto epoch = epoch_.load(std::memory_order_acquire);
    auto until = clock::time_point(clock::duration(until_.load(std::memory_order_relaxed)));
    return epoch != 0 && now < until ? epoch : 0;
  }

  /// Until when; in the past when we do not.
  clock::time_point until() const {
    return clock::time_point(clock::duration(until_.load(std::memory_order_relaxed)));
  }

 private:
  std::atomic<bool> plays_{true};
  std::atomic<uint64_t> epoch_{0};
  std::atomic<clock::rep> until_{0};
};

}  // namespace pusher
