// How much waits in the journal, as this node measured it last.
#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "model/clock.hpp"
#include "storage/journal.hpp"

namespace pusher {

/// Written by the store keeper, read by whoever reports. Thread-safe.
class journal_gauge {
 public:
  void measured(const journal::depths& depths) {
    std::lock_guard<std::mutex> guard(mutex_);
    last_.emplace(depths, now_ms());
  }
  /// With the time of it; nothing before the first.
  std::optional<std::pair<journal::depths, utc_ms>> last() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<std::pair<journal::depths, utc_ms>> last_;
};

}  // namespace pusher
