// Watches the stores: migrates the schema, makes or recognises the journal, keeps our heartbeat, and tells
// the health board. It never gives up: a store that is away is asked again until it answers.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/node_context.hpp"

namespace pusher {

class store_keeper {
 public:
  /// `usable` is called once, on the keeper's thread, when both stores are ready for the roles.
  store_keeper(node_context_ptr node, std::function<void()> usable);
  /// Ends our heartbeat: our claims are free.
  ~store_keeper();
  store_keeper(const store_keeper&) = delete;
  store_keeper& operator=(const store_keeper&) = delete;

 private:
  void run();

  node_context_ptr node_;
  std::function<void()> usable_;
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pusher
