// How busy the processors of this machine are, by all its processes.
#pragma once

#include <fstream>
#include <mutex>
#include <string>

#include "model/share_gauge.hpp"

namespace pusher {

/// Thread-safe.
class machine_gauge {
 public:
  /// Now and then; reads /proc/stat.
  void sample() {
    std::ifstream from("/proc/stat");
    std::string name;
    uint64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft = 0, stolen = 0;
    from >> name >> user >> nice >> system >> idle >> waiting >> interrupts >> soft >> stolen;
    std::lock_guard lock(mutex_);
    auto busy = user + nice + system + interrupts + soft + stolen;
    auto all = busy + idle + waiting;
    if (last_all_ > 0 && all > last_all_ && busy >= last_busy_) {
      // In shares of a sample, so that the number of processors is no part of it.
      auto now = std::chrono::steady_clock::now();
      auto share = static_cast<double>(busy - last_busy_) / static_cast<double>(all - last_all_);
      shares_.add(0, std::chrono::nanoseconds(
                         static_cast<int64_t>(share * static_cast<double>((now - last_at_).count()))));
    }
    shares_.advance(std::chrono::steady_clock::now());
    last_at_ = std::chrono::steady_clock::now();
    last_busy_ = busy;
    last_all_ = all;
  }

  permille busy() const {
    std::lock_guard lock(mutex_);
    return shares_.shares(std::chrono::steady_clock::now())[0];
  }

 private:
  mutable std::mutex mutex_;
  share_gauge<1> shares_;
  uint64_t last_busy_ = 0, last_all_ = 0;
  std::chrono::steady_clock::time_point last_at_;
};

}  // namespace pusher
