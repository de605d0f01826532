// How often an event may be logged: of one that repeats, so many lines a second are written, and the rest is
// counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pusher::log {

/// Not thread-safe; the caller brings the time.
class budget {
 public:
  using time = std::chrono::steady_clock::time_point;
  static constexpr uint64_t lines_per_second = 50;  ///< of one event

  struct permission {
    bool given = false;
    uint64_t left_out = 0;  ///< lines of this event since the last one that was written
  };
  permission ask(std::string_view event, time now) {
    auto found = events_.find(event);
    if (found == events_.end()) {
      // Names of events are constants: there are never that many.
      if (events_.size() >= most_events) return {true, 0};
      found = events_.emplace(event, window{now, 0, 0}).first;
    }
    auto& mine = found->second;
    if (now - mine.since >= std::chrono::seconds(1)) mine = {now, 0, mine.left_out};
    if (++mine.lines <= lines_per_second) return {true, std::exchange(mine.left_out, 0)};
    ++mine.left_out;
    return {false, 0};
  }

  /// Events whose storm is over while lines of them are still to be spoken of; at most once a second.
  std::vector<std::pair<std::string, uint64_t>> take_unspoken(time now) {
    std::vector<std::pair<std::string, uint64_t>> taken;
    if (now - looked_ < std::chrono::seconds(1)) return taken;
    looked_ = now;
    for (auto& [event, mine] : events_)
      if (mine.left_out > 0 && now - mine.since >= std::chrono::seconds(2))
        taken.emplace_back(event, std::exchange(mine.left_out, 0));
    return taken;
  }

 private:
  static constexpr size_t most_events = 1000;
  struct window {
    time since;
    uint64_t lines = 0, left_out = 0;
  };
  std::map<std::string, window, std::less<>> events_;
  time looked_{};
};

}  // namespace pusher::log
