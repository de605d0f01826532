// Holds the lease of fan-out: takes it, prolongs it, and gives it back, on a thread and connection of its
// own, so that nothing the roles do can delay it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/node_context.hpp"

namespace pusher {

class lease_keeper {
 public:
  /// `changed` is called on the keeper's thread when we become the leader or cease to be it.
  lease_keeper(node_context_ptr node, std::function<void()> changed);
  /// Gives the lease back, so that another node leads at once.
  ~lease_keeper();
  /// Another node has given it back: tries to take it at once.
  void look();
  lease_keeper(const lease_keeper&) = delete;
  lease_keeper& operator=(const lease_keeper&) = delete;

 private:
  void run();

  node_context_ptr node_;
  std::function<void()> changed_;
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  bool look_ = false;
  std::thread thread_;
};

}  // namespace pusher
