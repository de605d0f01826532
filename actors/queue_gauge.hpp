// How many targets a queue may have outstanding: about half a second of what it was seen to drain.
#pragma once

#include <cstdint>

#include "actors/fan_out_bounds.hpp"

namespace pusher {

class queue_gauge {
 public:
  void appended(uint64_t targets) { appended_ += targets; }
  void measured(uint64_t outstanding, utc_ms now);
  bool full(const fan_out_bounds& bounds) const;

 private:
  uint64_t appended_ = 0;
  uint64_t outstanding_ = 0;
  uint64_t drained_at_sample_ = 0;
  utc_ms sampled_at_ = 0;
  double drained_per_second_ = 0;
};

}  // namespace pusher
