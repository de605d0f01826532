// Looks at a cluster each second from a thread of its own, so that a node that hangs holds up nobody; when
// the node goes away it tries again, ever more slowly.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <rapidjson/document.h>

#include "actors/inspect/node_client.hpp"
#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// Both questions at one moment.
struct cluster_look {
  std::unique_ptr<rapidjson::Document> cluster, streams;  ///< streams: null when the stores did not answer
  std::chrono::steady_clock::time_point at;
  std::string address;
};

/// Errors: those of connecting and asking; timed_out when what came cannot be read. A client whose node did
/// not answer is let go.
result<cluster_look> look_at_cluster(std::unique_ptr<node_client>& client, const settings& config,
                                     const std::string& node);

class live_looks {
 public:
  struct latest {
    std::shared_ptr<const cluster_look> now, before;
    std::string trouble;  ///< why there was no look the last time
  };

  /// `told` is called on the thread after each look.
  live_looks(const settings& config, std::string node, std::function<void()> told);
  /// Does not wait for a node that hangs.
  ~live_looks();
  live_looks(const live_looks&) = delete;
  live_looks& operator=(const live_looks&) = delete;

  latest get() const;

 private:
  struct shared;
  static void run(const std::shared_ptr<shared>& of);

  std::shared_ptr<shared> shared_;
};

}  // namespace pusher
