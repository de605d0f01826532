// When a webhook that was not taken is tried again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace pusher {

/// Milliseconds until the next try after so many failed ones (at least one), or nothing when the schedule is
/// used up. Up to a tenth longer or shorter by `chance` in [0, 1), so that what failed together does not come
/// back together; never before the receiver asked for it, and never sooner because it did: its wish must not
/// use up in seconds what is meant for days.
inline std::optional<int64_t> webhook_wait_ms(const std::vector<uint32_t>& schedule_seconds, uint32_t failed,
                                              std::optional<int64_t> retry_after_ms, double chance) {
  if (failed == 0 || failed > schedule_seconds.size()) return std::nullopt;
  auto wait = static_cast<int64_t>(schedule_seconds[failed - 1] * 1000.0 * (0.9 + 0.2 * chance));
  return std::max(wait, retry_after_ms.value_or(0));
}

}  // namespace pusher
