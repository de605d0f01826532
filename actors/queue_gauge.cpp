#include "actors/queue_gauge.hpp"

#include <algorithm>

namespace pusher {

void queue_gauge::measured(uint64_t outstanding, utc_ms now) {
  // What was appended before our time (by a former leader) counts as appended now.
  if (outstanding > appended_) appended_ = outstanding;
  outstanding_ = outstanding;
  auto drained = appended_ - outstanding;
  if (sampled_at_ == 0) {
    sampled_at_ = now;
    drained_at_sample_ = drained;
    return;
  }
  if (now - sampled_at_ < 50) return;
  auto rate =
      1000.0 * static_cast<double>(drained - drained_at_sample_) / static_cast<double>(now - sampled_at_);
  // A queue that ran empty could have drained faster: its rate then only rises.
  if (outstanding > 0 || rate > drained_per_second_)
    drained_per_second_ = 0.5 * drained_per_second_ + 0.5 * rate;
  sampled_at_ = now;
  drained_at_sample_ = drained;
}

bool queue_gauge::full(const fan_out_bounds& bounds) const {
  auto half_a_second = static_cast<uint64_t>(drained_per_second_ / 2);
  return outstanding_ >= std::clamp(half_a_second, bounds.least_mark, bounds.most_mark);
}

}  // namespace pusher
