// Watches the stores: migrates the schema, makes or recognises the journal, keeps our heartbeat going, and
// tells the health board. It never gives up: a store that is away is asked again until it answers. A node
// with MariaDB compares the journal with it and vouches for it; one of senders alone works with the journal
// that it finds in Redis, once somebody has vouched for that.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/node_context.hpp"
#include "actors/node_record.hpp"

namespace pusher {

class store_keeper {
 public:
  /// Called on the keeper's thread, or its heartbeat's.
  struct hooks {
    std::function<void()> usable;  ///< once, when the stores are ready for the roles
    std::function<void(std::shared_ptr<const std::vector<known_node>>)>
        roster;                             ///< other processes, at each look
    std::function<void()> stages_changed;   ///< an operator holds or frees a stage
    std::function<void()> journal_renewed;  ///< the roles worked with a journal that is not the one any more
    std::function<void(bool)>
        migrating;  ///< the schema is being brought to this program's version, or is no more
  };
  store_keeper(node_context_ptr node, hooks to);
  /// Leaves the registry: our claims are free.
  ~store_keeper();
  store_keeper(const store_keeper&) = delete;
  store_keeper& operator=(const store_keeper&) = delete;

 private:
  void run();

  node_context_ptr node_;
  hooks hooks_;
  std::mutex mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pusher
