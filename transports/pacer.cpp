#include "transports/pacer.hpp"

#include <algorithm>

namespace pusher {

namespace {

constexpr double lowest_level = 0.1;
/// What a bucket may hold, in seconds of its rate.
constexpr double burst_seconds = 0.05;
/// How often use is compared with the rate, to ramp up or down.
constexpr std::chrono::milliseconds judge_interval{500};

}  // namespace

pacer::pacer(uint32_t per_minute, seconds ramp, time_point now)
    : full_rate_(per_minute / 60.0),
      level_(ramp.count() > 0 ? lowest_level : 1.0),
      ramp_(ramp),
      updated_(now),
      judged_(now) {
  // A single push after idleness must not wait.
  all_.tokens = campaigns_.tokens = 1;
}

void pacer::bucket::fill(double by, double most) {
  tokens = std::min(tokens + by, std::max(1.0, most));
}

void pacer::advance(time_point now) {
  if (full_rate_ == 0) return;
  double passed = seconds(now - updated_).count();
  updated_ = now;
  all_.fill(passed * rate(), burst_seconds * rate());
  campaigns_.fill(passed * campaign_share(), burst_seconds * campaign_share());
  if (now - judged_ >= judge_interval) judge_use(now);
}

void pacer::judge_use(time_point now) {
  double passed = seconds(now - judged_).count();
  double share = static_cast<double>(used_) / (passed * rate());
  judged_ = now;
  used_ = 0;
  if (ramp_.count() <= 0) return;
  double step = (1.0 - lowest_level) * passed / ramp_.count();
  // A campaign alone can use nine tenths at most; some less is rounding.
  if (share >= 0.8) level_ = std::min(1.0, level_ + step);
  if (share < 0.5) level_ = std::max(lowest_level, level_ - step);
}

bool pacer::may_start(lane urgency) const {
  if (full_rate_ == 0) return true;
  return all_.tokens >= 1 && (urgency == lane::transactional || campaigns_.tokens >= 1);
}

void pacer::started(lane urgency) {
  if (full_rate_ == 0) return;
  ++used_;
  all_.tokens -= 1;
  // Urgent pushes take from the whole; what they use of the campaigns' share shows in `all_`.
  if (urgency == lane::campaign) campaigns_.tokens -= 1;
}

pacer::time_point pacer::next_start(lane urgency) const {
  if (may_start(urgency)) return updated_;
  double wait = (1 - all_.tokens) / rate();
  if (urgency == lane::campaign) wait = std::max(wait, (1 - campaigns_.tokens) / campaign_share());
  // Not for each single token: a few milliseconds' worth start together.
  // And a hair more, so that rounding cannot leave a token a hair short.
  wait = std::max(wait, burst_seconds / 10) + 1e-6;
  return updated_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds(wait));
}

}  // namespace pusher
