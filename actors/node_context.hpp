// What the parts of one node share: who it is, how it is set up, how it fares.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/health_board.hpp"
#include "actors/held_stages.hpp"
#include "actors/journal_gauge.hpp"
#include "actors/leadership.hpp"
#include "actors/load_watch.hpp"
#include "actors/machine_gauge.hpp"
#include "actors/metrics.hpp"
#include "actors/self_check_board.hpp"
#include "actors/span_exporter.hpp"
#include "conf/settings.hpp"
#include "http/key_ring.hpp"
#include "model/clock.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/key_ring.hpp"

namespace pusher {

struct node_context {
  explicit node_context(settings values)
      : config(std::move(values)),
        numbers(config.limits.metric_applications),
        spans(config.trace, config.node_name) {}

  settings config;
  std::shared_ptr<const key_ring> secrets;  ///< seals and opens uploaded credentials
  std::string process;                      ///< `<node name>/<boot id>`: who holds claims and the lease
  std::string predecessor;   ///< the process that had this data directory before us; empty = none
  std::string installation;  ///< what stays when the journal is rebuilt; of nodes with MariaDB, set before
                             ///< any role plays
  std::string address;       ///< HOST:PORT by which other nodes reach us over CAF; set before any role plays
  const utc_ms started_at = now_ms();
  health_board board;
  held_stages stages;
  journal_gauge waiting;
  machine_gauge machine;
  std::atomic<unsigned> suspects_of{0};  ///< see suspect_turn.hpp
  provider_token_memory tokens;          ///< what this process used last at APNs
  self_check_board checked;
  metrics numbers;
  span_exporter spans;
  pusher::leadership lead;
  std::mutex testing_webhook;  ///< held while one is tested
  /// Asks all nodes how they fare; `told` gets the report as JSON on a thread of CAF, or nothing when it did
  /// not come in time. Set before any role plays.
  std::function<void(std::function<void(const std::string& report)> told)> ask_nodes;
  load_watch load;
  std::unique_ptr<http::key_ring> keys;     ///< what is remembered of API keys; made before any role plays
  std::atomic<bool> journal_broken{false};  ///< lost, older or half rebuilt: the leader is to rebuild it
  std::atomic<bool> failed{false};          ///< a role failed too often: the process must end with a fault

  /// What the node plays now: an operator may have changed the counts.
  std::vector<role_entry> roles() const {
    std::lock_guard<std::mutex> guard(roles_mutex_);
    return roles_;
  }
  void change_roles(std::vector<role_entry> to) {
    std::lock_guard<std::mutex> guard(roles_mutex_);
    roles_ = std::move(to);
  }

  /// Which journal belongs to our rows; empty until that is known. Changes when the journal was rebuilt.
  std::string run_id() const {
    std::lock_guard<std::mutex> guard(run_mutex_);
    return run_id_;
  }
  void change_run(const std::string& to) {
    std::lock_guard<std::mutex> guard(run_mutex_);
    run_id_ = to;
    ++journal_generation_;
  }
  /// Changes with the run id.
  unsigned journal_generation() const { return journal_generation_; }

  /// The consumer name of one actor.
  std::string consumer(const char* role, unsigned index) const {
    return process + "/" + role + "/" + std::to_string(index);
  }

 private:
  mutable std::mutex run_mutex_;
  std::string run_id_;
  std::atomic<unsigned> journal_generation_{0};
  mutable std::mutex roles_mutex_;
  std::vector<role_entry> roles_ = config.roles;
};

using node_context_ptr = std::shared_ptr<node_context>;

}  // namespace pusher
