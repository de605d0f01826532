// What the nodes' reports say together: who is there, who leads, what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rapidjson/document.h>

#include "model/clock.hpp"

namespace pusher::screen {

enum class node_state : uint8_t { ready, not_ready, draining, missing };
const char* to_string(node_state state);

struct node_status {
  std::string shown;  ///< its name, or its process where several nodes bear that
  std::string name, process, address, roles, version;
  utc_ms started_at = 0;  ///< 0 = not known
  node_state state = node_state::missing;
  uint64_t heard_ms_ago = 0;                 ///< through the registry
  std::string why;                           ///< it is missing
  const rapidjson::Value* report = nullptr;  ///< null = missing
  const rapidjson::Value* entry = nullptr;   ///< all that is said of it
};

struct journal_depths {
  bool known = false;
  uint64_t push = 0, results = 0, later = 0, dead_letters = 0;
  utc_ms measured_at = 0;
};

/// Points into the document that it was made of.
struct cluster_status {
  std::string cluster;
  std::vector<node_status> nodes;  ///< by name
  std::string leader;              ///< as shown; empty = nobody
  uint64_t epoch = 0;
  journal_depths journal;
  std::vector<std::string> held;      ///< stages that operators hold
  std::vector<std::string> problems;  ///< sentences; any = unhealthy
  std::vector<std::string> notes;     ///< worth knowing, and no fault
  bool healthy() const { return problems.empty(); }
};

/// `document`: the answer to the question `status`.
cluster_status read_cluster(const rapidjson::Value& document);

/// For people.
std::string status_text(const cluster_status& of, utc_ms now, bool colours);
/// For programs: the nodes' reports and what they mean together. One line.
std::string status_json(const cluster_status& of, const rapidjson::Value& document);

/// What is wrong, as lines with a head; empty when nothing is.
std::string problems_text(const cluster_status& of, bool colours);

}  // namespace pusher::screen
