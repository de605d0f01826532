// Looks at the books while this process leads fan-out, on a thread and connections of its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "actors/auditor.hpp"
#include "actors/node_context.hpp"

namespace pusher {

class self_check {
 public:
  explicit self_check(node_context_ptr node);
  ~self_check();
  self_check(const self_check&) = delete;
  self_check& operator=(const self_check&) = delete;

 private:
  void run();
  void look();

  node_context_ptr node_;
  auditor auditor_;
  bool leading_ = false;
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pusher
