// Shares a credential's rate with the other senders of the cluster: takes grants from the journal's Redis in
// batches and hands them to the transport.
#pragma once

#include <cstdint>
#include <string>

#include "storage/journal.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// One per channel and sender. Used by the sender's thread.
class rate_governor {
 public:
  /// `per_minute` 0 = no limit, and nothing is governed.
  rate_governor(std::string credential, uint32_t per_minute, uint32_t ramp_seconds)
      : credential_(std::move(credential)), per_minute_(per_minute), ramp_seconds_(ramp_seconds) {}

  bool governs() const { return per_minute_ > 0; }
  uint32_t per_minute() const { return per_minute_; }
  /// The transport got so many targets.
  void submitted(size_t targets) { wanted_ += targets; }
  /// Takes what is wanted and may be had; when to look again, 0 = nothing is wanted. Errors: the journal's.
  result<utc_ms> work(journal& from, transport& to, utc_ms now);
  /// Corrects what was lost count of; to be called now and then.
  void correct(const transport_stats& stats);

 private:
  /// Kept at hand, so that a single push need not ask first.
  static constexpr uint64_t reserve = 8;

  const std::string credential_;
  const uint32_t per_minute_;
  const uint32_t ramp_seconds_;
  uint64_t wanted_ = reserve;
  utc_ms next_at_ = 0;
  bool begun_ = false;
};

}  // namespace pusher
