// Rebuilds a lost journal while this node leads, on a thread and connections of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/node_context.hpp"

namespace pusher {

class journal_keeper {
 public:
  /// `epoch_raised` is called on the keeper's thread: the lease has another epoch than its holder knows.
  journal_keeper(node_context_ptr node, std::function<void()> epoch_raised);
  /// Does not wait for the end of a rebuild, but for that of its step.
  ~journal_keeper();
  journal_keeper(const journal_keeper&) = delete;
  journal_keeper& operator=(const journal_keeper&) = delete;

 private:
  void run();

  node_context_ptr node_;
  std::function<void()> epoch_raised_;
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace pusher
