// How long a thread has waited for the stores: what an actor's time goes to.
#pragma once

#include <chrono>

namespace pusher {

struct store_waits {
  std::chrono::nanoseconds redis{0}, mariadb{0};
};

/// Of the calling thread, since its start.
inline store_waits& waits_of_this_thread() {
  thread_local store_waits waits;
  return waits;
}

/// Adds its lifetime to one of the thread's waits.
class store_wait {
 public:
  explicit store_wait(std::chrono::nanoseconds store_waits::*which)
      : which_(which), since_(std::chrono::steady_clock::now()) {}
  ~store_wait() { waits_of_this_thread().*which_ += std::chrono::steady_clock::now() - since_; }
  store_wait(const store_wait&) = delete;
  store_wait& operator=(const store_wait&) = delete;

 private:
  std::chrono::nanoseconds store_waits::*which_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace pusher
