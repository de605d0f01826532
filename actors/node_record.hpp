// What a node says of itself in the cluster's registry, and what others know of it.
#pragma once

#include <optional>
#include <string>

#include "model/clock.hpp"
#include "model/result.hpp"

namespace pusher {

/// Version of what nodes say to each other over CAF. Nodes of different ones do not connect; the journal,
/// whose entries carry versions of their own, still joins them while an upgrade goes on.
inline constexpr unsigned cluster_protocol = 1;

struct node_record {
  std::string name;
  std::string process;  ///< `<name>/<boot id>`
  std::string address;  ///< HOST:PORT over CAF; empty = not yet
  std::string roles;    ///< as in node.roles
  std::string version;  ///< of the program
  unsigned protocol = cluster_protocol;
  std::string admin, api;  ///< where it listens; api is empty without that role
  utc_ms started_at = 0;   ///< by its own clock
  bool ready = false;
  bool draining = false;
};

std::string encode(const node_record& from);
/// Errors: corrupt_data. Unknown members are left alone: a newer version may have more.
result<node_record> decode_node_record(const std::string& text);

/// Another process of the cluster, as the registry shows it.
struct known_node {
  node_record record;
  uint64_t age_ms = 0;  ///< since it was last heard
  bool alive = false;
};

}  // namespace pusher
