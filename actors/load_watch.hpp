// How loaded the installation is, as far as launching is concerned: whether more may be launched.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// Written by the store keeper, read by the api actors. Thread-safe.
class load_watch {
 public:
  void redis_memory(unsigned percent) { redis_percent_ = percent; }
  void under_way(size_t notifications) { under_way_ = notifications; }

  /// Errors: overloaded.
  result<void> may_launch(const limits_settings& limits) const {
    if (limits.redis_memory_percent < 100 && redis_percent_ > limits.redis_memory_percent)
      return overloaded("Redis is short of memory; nothing more is launched until it has drained.");
    if (under_way_ >= limits.notifications_under_way)
      return overloaded("Too many notifications are under way; launch this one when some are completed.");
    return {};
  }

 private:
  static error overloaded(const char* why) { return {errc::overloaded, why, "", retry_after_seconds}; }
  static constexpr uint32_t retry_after_seconds = 5;

  std::atomic<unsigned> redis_percent_{0};
  std::atomic<size_t> under_way_{0};
};

}  // namespace pusher
