// Counts answers that are not durable yet, so that a crash can double only so many pushes.
#pragma once

#include <algorithm>
#include <cstddef>

#include "transports/transport.hpp"

namespace pusher {

class answer_window {
 public:
  explicit answer_window(size_t limit) : limit_(std::max<size_t>(limit, 1)) {}

  bool may_start() const { return unrecorded_ < limit_; }
  /// An answer goes to the sender. What never left the house need not be recorded before others leave.
  void answered(verdict_kind kind) {
    if (kind != verdict_kind::unsent && kind != verdict_kind::expired) ++unrecorded_;
  }
  void recorded(size_t answers) { unrecorded_ -= std::min(unrecorded_, answers); }
  size_t unrecorded() const { return unrecorded_; }

 private:
  size_t limit_;
  size_t unrecorded_ = 0;
};

}  // namespace pusher
