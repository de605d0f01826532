// What an actor's time goes to: its work, and the part of it that is waiting for stores.
#pragma once

#include "actors/protocol.hpp"
#include "model/share_gauge.hpp"
#include "storage/store_wait.hpp"

namespace pusher {

/// Of one actor, on its own thread.
class usage_gauge {
 public:
  using time = std::chrono::steady_clock::time_point;

  usage_gauge() : waits_(waits_of_this_thread()) {}

  /// Something was done between these times; what this thread waited for stores since the last call belongs
  /// to it.
  void worked(time from, time to) {
    shares_.add(busy, to - from);
    const auto& waits = waits_of_this_thread();
    shares_.add(redis, waits.redis - waits_.redis);
    shares_.add(mariadb, waits.mariadb - waits_.mariadb);
    waits_ = waits;
  }

  void write(actor_report& to) {
    auto now = std::chrono::steady_clock::now();
    shares_.advance(now);
    auto shares = shares_.shares(now);
    to.busy = shares[busy];
    to.waits_redis = shares[redis];
    to.waits_mariadb = shares[mariadb];
  }

 private:
  enum kind : size_t { busy, redis, mariadb, kinds };
  share_gauge<kinds> shares_;
  store_waits waits_;
};

}  // namespace pusher
