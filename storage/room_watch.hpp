// Whether MariaDB refuses rows of this process for want of room. No question shows that: reads go on, and so
// do writes that need no more room than they find.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace pusher {

/// Thread-safe.
class room_watch {
 public:
  using clock = std::chrono::steady_clock;

  void refused(std::string why);
  /// What was said of the latest refusal; nothing when there was none for some seconds: whoever needs room
  /// tries again every second.
  std::optional<std::string> why_full() const;

 private:
  mutable std::mutex mutex_;
  std::string why_;
  std::optional<clock::time_point> at_;
};

/// Told by every connection of the process.
room_watch& mariadb_room();

}  // namespace pusher
