// How long a thread has waited for the stores, which is what an actor's time goes to; and how quickly they
// answered everybody.
#pragma once

#include <chrono>

#include "model/duration_counts.hpp"

namespace pusher {

struct store_waits {
  std::chrono::nanoseconds redis{0}, mariadb{0};
};

/// Of the calling thread, since its start.
inline store_waits& waits_of_this_thread() {
  thread_local store_waits waits;
  return waits;
}

/// Of all threads of the process, since its start.
struct store_latencies {
  shared_duration_counts<store_scale> redis, mariadb;
};
inline store_latencies& latencies_of_stores() {
  static store_latencies latencies;
  return latencies;
}

/// Adds its lifetime to one of the thread's waits, and counts it among the store's answers.
class store_wait {
 public:
  explicit store_wait(std::chrono::nanoseconds store_waits::*which)
      : which_(which), since_(std::chrono::steady_clock::now()) {}
  ~store_wait() {
    auto took = std::chrono::steady_clock::now() - since_;
    waits_of_this_thread().*which_ += took;
    auto& all = latencies_of_stores();
    (which_ == &store_waits::redis ? all.redis : all.mariadb).add(took);
  }
  store_wait(const store_wait&) = delete;
  store_wait& operator=(const store_wait&) = delete;

 private:
  std::chrono::nanoseconds store_waits::*which_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace pusher
