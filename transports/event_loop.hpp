// One thread's epoll loop: readiness of sockets, wake-ups from other threads, one task per round.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "model/result.hpp"

namespace pusher {

using steady_time = std::chrono::steady_clock::time_point;

/// Runs on the thread that calls run(). All times are pulled: the task says each round when it wants to run
/// next at the latest, so there are no timers to keep or to cancel.
class event_loop {
 public:
  class watcher {
   public:
    /// `events` as epoll gives them. The watcher must stay alive until the round has ended, even when it
    /// unwatches its socket in between.
    virtual void on_ready(uint32_t events) = 0;

   protected:
    ~watcher() = default;
  };

  class task {
   public:
    /// Called after the events of each round; returns when it wants to be called next at the latest.
    virtual steady_time on_round(steady_time now) = 0;

   protected:
    ~task() = default;
  };

  /// Errors: internal, when the process has no descriptor left.
  static result<std::unique_ptr<event_loop>> make();
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Loops until stop(). Blocks all signals on the calling thread: SIGPIPE must not end the process, and the
  /// others belong to the main thread.
  void run(task& each_round);

  // -- from any thread --
  void stop();
  /// Starts a round soon. Cheap when one is due already.
  void wake();

  // -- on the loop's thread only --
  bool watch(int fd, uint32_t events, watcher& who);
  void change(int fd, uint32_t events, watcher& who);
  void unwatch(int fd);
  /// Time of the current round.
  steady_time now() const { return now_; }
  /// How long the loop has waited for events since start: what it did not wait, it worked.
  std::chrono::nanoseconds waited() const { return waited_; }

 private:
  event_loop(int epoll_fd, int wake_fd);
  void wait(steady_time until);

  int epoll_fd_;
  int wake_fd_;
  std::atomic<bool> awake_{false};
  std::atomic<bool> stopping_{false};
  steady_time now_;
  std::chrono::nanoseconds waited_{0};
};

}  // namespace pusher
