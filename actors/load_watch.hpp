// How loaded the installation is, as far as launching is concerned: whether more may be launched.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "conf/settings.hpp"
#include "model/ids.hpp"
#include "model/result.hpp"

namespace pusher {

/// Written by the store keeper, read by the api actors. Thread-safe.
class load_watch {
 public:
  void redis_memory(unsigned percent) { redis_percent_ = percent; }
  void under_way(std::map<application_id, size_t> notifications) {
    std::lock_guard<std::mutex> guard(mutex_);
    of_ = std::move(notifications);
    total_ = 0;
    for (const auto& [app, count] : of_)
      total_ += count;
  }

  /// Why nothing more is launched, in a sentence for operators; empty while all is well.
  std::string overload(const limits_settings& limits) const {
    if (redis_is_full(limits))
      return "Redis uses " + std::to_string(redis_percent_) + " % of its memory, more than " +
             std::to_string(limits.redis_memory_percent) +
             " % (limits.redis_memory_percent): launching is refused";
    std::lock_guard<std::mutex> guard(mutex_);
    if (total_ < limits.notifications_under_way) return {};
    return std::to_string(total_) +
           " notifications are under way, as many as limits.notifications_under_way "
           "allows: launching is refused";
  }

  /// Errors: overloaded. At the limit an application that has less than its hundredth part under way may
  /// still launch, until twice the limit is reached: one that floods does not stop the others.
  result<void> may_launch(const limits_settings& limits, application_id app) const {
    if (redis_is_full(limits))
      return overloaded("Redis is short of memory; nothing more is launched until it has drained.");
    size_t most = limits.notifications_under_way;
    std::lock_guard<std::mutex> guard(mutex_);
    if (total_ < most) return {};
    auto own = of_.find(app);
    if (total_ < 2 * most && (own == of_.end() ? 0 : own->second) < most / 100) return {};
    return overloaded("Too many notifications are under way; launch this one when some are completed.");
  }

 private:
  bool redis_is_full(const limits_settings& limits) const {
    return limits.redis_memory_percent < 100 && redis_percent_ > limits.redis_memory_percent;
  }
  static error overloaded(const char* why) { return {errc::overloaded, why, "", retry_after_seconds}; }
  static constexpr uint32_t retry_after_seconds = 5;

  std::atomic<unsigned> redis_percent_{0};
  mutable std::mutex mutex_;
  std::map<application_id, size_t> of_;
  size_t total_ = 0;
};

}  // namespace pusher
