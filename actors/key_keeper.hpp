// Keeps what the node remembers of API keys in step with MariaDB, on a thread and connection of its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "actors/node_context.hpp"

namespace pusher {

class key_keeper {
 public:
  explicit key_keeper(node_context_ptr node);
  ~key_keeper();
  key_keeper(const key_keeper&) = delete;
  key_keeper& operator=(const key_keeper&) = delete;

 private:
  void run();

  node_context_ptr node_;
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pusher
