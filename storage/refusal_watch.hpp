// What MariaDB refuses this process of late, and why: rows for want of room, or what it cannot read because
// its files are damaged. No question shows that: all else goes on.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace pusher {

/// Thread-safe.
class refusal_watch {
 public:
  using clock = std::chrono::steady_clock;

  void refused(std::string why);
  /// What was said of the latest refusal; nothing when there was none for some seconds: whoever was refused
  /// tries again every second.
  std::optional<std::string> lately() const;

 private:
  mutable std::mutex mutex_;
  std::string why_;
  std::optional<clock::time_point> at_;
};

/// Told by every connection of the process.
refusal_watch& mariadb_room();
refusal_watch& mariadb_damage();

}  // namespace pusher
