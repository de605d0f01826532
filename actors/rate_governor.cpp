#include "actors/rate_governor.hpp"

#include <algorithm>

namespace pusher {

result<utc_ms> rate_governor::work(journal& from, transport& to, utc_ms now) {
  if (!begun_) {
    to.grant(0);
    begun_ = true;
  }
  if (wanted_ == 0) return utc_ms{0};
  if (now < next_at_) return next_at_;
  auto taken = from.take_rate(credential_, per_minute_, ramp_seconds_, wanted_);
  if (!taken) return std::move(taken).failure();
  wanted_ -= std::min(wanted_, taken->pushes);
  if (taken->pushes > 0) to.grant(taken->pushes);
  next_at_ = wanted_ > 0 ? now + std::max<utc_ms>(taken->wait_ms, 1) : 0;
  return next_at_;
}

void rate_governor::correct(const transport_stats& stats) {
  if (!governs()) return;
  auto needed = stats.queued + reserve;
  wanted_ = needed > stats.grants ? needed - stats.grants : 0;
}

}  // namespace pusher
