// Threads that encrypt: a push for a browser costs more of it than of everything else.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "transports/transport.hpp"
#include "transports/webpush/endpoint.hpp"

namespace pusher {

/// Targets of one order that go to one push service, with their bodies; or targets that go nowhere.
struct encrypted_part {
  pusher::origin origin;
  push_order order;  ///< some of the targets, with bodies
  /// What came of targets that cannot be sent to, by their numbers.
  std::vector<std::pair<uint32_t, verdict>> failed;
};

class encryption_workers {
 public:
  /// `done` is called on the workers' threads, whenever there is something to take().
  encryption_workers(unsigned threads, endpoint_rules rules, std::function<void()> done);
  /// Drops what is not done yet.
  ~encryption_workers();
  encryption_workers(const encryption_workers&) = delete;
  encryption_workers& operator=(const encryption_workers&) = delete;

  /// Thread-safe. Orders of the transactional lane are taken first.
  void add(push_order order);
  std::vector<encrypted_part> take();

 private:
  void run();
  std::vector<encrypted_part> encrypt(push_order& order, class web_push_encryptor& with) const;

  const endpoint_rules rules_;
  const std::function<void()> done_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<push_order> urgent_;
  std::deque<push_order> waiting_;
  std::vector<encrypted_part> made_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pusher
