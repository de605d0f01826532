// What the leader found out about the books last.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/clock.hpp"

namespace pusher {

struct self_check_difference {
  std::string notification;  ///< its id
  std::string kind;          ///< `under_way`: counts and journal do not add up; `ended`: its rows do not
  std::string detail;
};

struct self_check_findings {
  utc_ms at = 0;
  uint64_t under_way = 0;  ///< looked at, with their targets:
  uint64_t audience = 0, settled = 0, pending = 0;
  uint64_t ended = 0;       ///< whose rows were counted
  uint64_t open_holds = 0;  ///< held deletions of tokens that wait for an operator
  std::vector<self_check_difference> differences;
};

/// Written by the self-check, read by whoever reports. Thread-safe.
class self_check_board {
 public:
  void found(self_check_findings what) {
    std::lock_guard<std::mutex> guard(mutex_);
    last_ = std::move(what);
  }
  /// Nothing when this process does not lead.
  std::optional<self_check_findings> last() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return last_;
  }
  void forget() {
    std::lock_guard<std::mutex> guard(mutex_);
    last_.reset();
  }

 private:
  mutable std::mutex mutex_;
  std::optional<self_check_findings> last_;
};

}  // namespace pusher
