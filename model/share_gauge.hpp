// On what somebody spent the last seconds: shares of the time that has passed.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pusher {

/// Thousandths of the passed time.
using permille = uint32_t;

/// `Kinds` things on which time is spent; they may overlap. Not thread-safe.
template <size_t Kinds>
class share_gauge {
 public:
  using time = std::chrono::steady_clock::time_point;

  explicit share_gauge(time now = std::chrono::steady_clock::now()) : older_{now, {}}, newer_(older_) {}

  void add(size_t kind, std::chrono::nanoseconds spent) { totals_[kind] += spent; }

  /// What was spent on it in all, for one who keeps the sum himself.
  void set(size_t kind, std::chrono::nanoseconds total) { totals_[kind] = total; }

  /// To be called now and then: what was long ago no longer counts.
  void advance(time now) {
    if (now - newer_.at < window) return;
    older_ = newer_;
    newer_ = {now, totals_};
  }

  /// Of the last 5 to 10 s; of less in the beginning, of more when it was not advanced for longer.
  std::array<permille, Kinds> shares(time now) const {
    std::array<permille, Kinds> made{};
    auto passed = (now - older_.at).count();
    for (size_t i = 0; i < Kinds && passed > 0; ++i)
      made[i] = static_cast<permille>(
          std::min<int64_t>(1000, 1000 * (totals_[i] - older_.totals[i]).count() / passed));
    return made;
  }

 private:
  static constexpr std::chrono::seconds window{5};
  using sums = std::array<std::chrono::nanoseconds, Kinds>;
  struct mark {
    time at;
    sums totals{};
  };

  sums totals_{};
  mark older_, newer_;
};

}  // namespace pusher
