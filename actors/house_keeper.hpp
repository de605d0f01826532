// Removes what is deleted or too old while this process leads fan-out, on a thread and a connection of its
// own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "actors/node_context.hpp"
#include "actors/repeated_trouble.hpp"
#include "storage/application_store.hpp"
#include "storage/database.hpp"
#include "storage/deleted_notifications.hpp"
#include "storage/retention_purge.hpp"

namespace pusher {

/// Takes small steps and rests after each for a multiple of its time, so that MariaDB keeps the greater part
/// of its own for sending: when it is busy, steps take longer, and so do the rests.
class house_keeper {
 public:
  explicit house_keeper(node_context_ptr node);
  ~house_keeper();
  house_keeper(const house_keeper&) = delete;
  house_keeper& operator=(const house_keeper&) = delete;

 private:
  using clock = std::chrono::steady_clock;

  void run();
  clock::duration step();
  /// Whether there may be more to do at once.
  result<bool> purge_deleted();
  result<bool> purge_old();
  void tell_round();

  node_context_ptr node_;
  database db_;
  application_store applications_;
  deleted_notifications deleted_;
  retention_purge old_;
  repeated_trouble troubles_;
  bool in_round_ = false;
  clock::time_point next_round_;
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pusher
