// What fails again and again in the same words is logged once a minute, with how often it came meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/log.hpp"

namespace pusher {

/// Of one thread. A store that is away is said to be so by whoever watches it; the roles that miss it retry
/// several times a second, and what they say of that would drown everything else.
class repeated_trouble {
 public:
  using time = std::chrono::steady_clock::time_point;

  /// How many lines of it were left out before, if it is to be said now. `doing`: one of few constant words.
  std::optional<uint64_t> ask(const std::string& doing, const std::string& detail, time now) {
    auto& known = known_[doing];
    bool same = known.detail == detail && now < known.heard_at + forgotten_after;
    known.heard_at = now;
    if (same && now < known.said_at + said_every) {
      ++known.left_out;
      return std::nullopt;
    }
    auto left_out = same ? known.left_out : 0;
    known = {detail, now, now, 0};
    return left_out;
  }

  /// Says it, or keeps quiet. `more` may be empty.
  void warn(std::string_view event, const std::string& doing, const std::string& detail,
            std::pair<std::string_view, std::string> more = {}) {
    auto left_out = ask(doing, detail, std::chrono::steady_clock::now());
    if (!left_out) return;
    log::warn(event, {{"doing", doing},
                      std::move(more),
                      {"detail", detail},
                      {"left_out", *left_out > 0 ? std::to_string(*left_out) : std::string()}});
  }

 private:
  static constexpr std::chrono::seconds said_every{60};
  /// So long without it: it went well in between, and begins anew.
  static constexpr std::chrono::seconds forgotten_after{10};
  struct trouble {
    std::string detail;
    time said_at, heard_at;
    uint64_t left_out = 0;
  };
  std::map<std::string, trouble> known_;
};

}  // namespace pusher
