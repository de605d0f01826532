// How the node fares, as its parts report it: the source of /livez, /readyz and the gauges of /metrics.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pusher {

/// Thread-safe; no call blocks for longer than a copy takes.
class health_board {
 public:
  struct entry {
    std::string name;
    bool ok = false;
    std::string detail;  ///< why not, and for how long already; empty when well
  };

  void report(const std::string& name, bool ok, std::string detail = "");
  /// A report is awaited from now on: a store that hangs keeps whoever asks it from saying so. Without one
  /// for some seconds the entry is not well.
  void asks(const std::string& name);
  std::vector<entry> entries() const;
  bool ok(const std::string& name) const;
  /// All entries are well, and the node is not draining.
  bool ready() const;
  void start_draining();
  bool draining() const;

 private:
  using clock = std::chrono::steady_clock;
  struct kept {
    entry told;
    std::optional<clock::time_point> failing_since;
    std::optional<clock::time_point> asked_at;  ///< without a report since
  };
  static entry as_of(const kept& one, clock::time_point now);

  mutable std::mutex mutex_;
  std::map<std::string, kept> entries_;
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
