// Who belongs to the cluster: every process announces itself in Redis, with a heartbeat.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/clock.hpp"
#include "storage/journal_keys.hpp"
#include "storage/redis.hpp"

namespace pusher {

struct registered_node {
  std::string process;  ///< `<node name>/<boot id>`
  std::string record;   ///< what it says of itself; see actors/node_record.hpp
  uint64_t age_ms = 0;  ///< since it was last heard, by Redis's clock
  bool alive = false;   ///< its heartbeat is there: its claims are its own
};

/// Not thread-safe. Errors of every call: journal_unavailable; every call is safe to repeat.
class node_registry {
 public:
  explicit node_registry(const redis_settings& endpoint) : redis_(endpoint), keys_(endpoint.cluster) {}

  /// Says what the process is and that it lives for so long; whether Redis had not heard of it.
  result<bool> announce(const std::string& process, const std::string& record, uint32_t lifetime_ms);
  /// Says what the node's senders have credentials for: see actors/configured_channels.hpp. Needs no journal.
  result<void> announce_configured(const std::string& node, const std::string& text);
  /// Takes it out of the list and ends its heartbeat: its claims may be taken over.
  result<void> withdraw(const std::string& process);
  /// In no particular order. Who died stays listed for an hour.
  result<std::vector<registered_node>> list();

  /// Redis's clock.
  result<utc_ms> clock();

  /// Stages that operators hold, with the time since when.
  result<std::vector<std::string>> held_stages();
  result<void> hold_stage(const std::string& stage);
  result<void> free_stage(const std::string& stage);

 private:
  redis redis_;
  journal_keys keys_;
};

}  // namespace pusher
