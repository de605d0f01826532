// Says in Redis that this process lives, and hears there of the others, on a thread and connection of its
// own: while MariaDB hangs, nobody must take this process for dead and its claims from it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/check_teller.hpp"
#include "actors/node_context.hpp"
#include "actors/node_record.hpp"
#include "storage/node_registry.hpp"

namespace pusher {

class heartbeat {
 public:
  /// Called on the heartbeat's thread.
  struct hooks {
    std::function<void(std::shared_ptr<const std::vector<known_node>>)>
        roster;                            ///< other processes, at each beat
    std::function<void()> stages_changed;  ///< an operator holds or frees a stage
  };
  /// `node` outlives it.
  heartbeat(node_context& node, hooks to);
  /// Leaves the registry: our claims are free.
  ~heartbeat();
  heartbeat(const heartbeat&) = delete;
  heartbeat& operator=(const heartbeat&) = delete;

  /// Whether Redis had not heard of us before, since this was asked last: it lacks all that we told it.
  bool take_introduced() { return introduced_.exchange(false); }

 private:
  void run();
  bool beat();
  result<void> announce();
  void keep_time();
  void meet();

  node_context& node_;
  hooks hooks_;
  node_registry registry_;
  check_teller checks_;
  std::atomic<bool> introduced_{false};
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pusher
