// Delivers webhooks while this process leads fan-out, on a thread and connections of its own: exactly one
// process of the cluster does, and nothing that a receiver does can hold up fan-out.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "actors/node_context.hpp"
#include "actors/webhook_delivery.hpp"

namespace pusher {

class webhook_deliverer {
 public:
  explicit webhook_deliverer(node_context_ptr node);
  /// Sends nothing new, and waits a moment for the answers to what is under way. Whatever is not answered by
  /// then is sent again by the next leader.
  ~webhook_deliverer();
  webhook_deliverer(const webhook_deliverer&) = delete;
  webhook_deliverer& operator=(const webhook_deliverer&) = delete;

 private:
  void run();
  void turn();

  node_context_ptr node_;
  webhook_delivery delivery_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace pusher
