// How the node fares, as its parts report it: the source of /livez, /readyz and the gauges of /metrics.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace pusher {

/// Thread-safe; no call blocks for longer than a copy takes.
class health_board {
 public:
  struct entry {
    std::string name;
    bool ok = false;
    std::string detail;  ///< why not; empty when well
  };

  void report(const std::string& name, bool ok, std::string detail = "");
  std::vector<entry> entries() const;
  bool ok(const std::string& name) const;
  /// All entries are well, and the node is not draining.
  bool ready() const;
  void start_draining();
  bool draining() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, entry> entries_;
  bool draining_ = false;
};

// Names of entries.
inline const std::string check_mariadb = "mariadb";
inline const std::string check_room = "mariadb_room";
inline const std::string check_redis = "redis";
inline const std::string check_schema = "schema";
inline const std::string check_journal = "journal";
inline const std::string check_roles = "roles";

}  // namespace pusher
