// Which devices a wave of a notification with a local time is for.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/notification_store.hpp"

namespace pusher {

class wave_filter {
 public:
  wave_filter(fan_out_wave wave, utc_ms launched_at);

  enum class judgement : uint8_t { now, not_now, too_late };
  /// `zone`: the device's; empty = none. A zone that is not known counts as none.
  judgement of(std::string_view zone);

  const fan_out_wave& wave() const { return wave_; }
  /// When the wave after this one is due; nothing when this is the last.
  std::optional<utc_ms> next_due() const;
  /// A cursor of the walk through the devices that also tells the wave: it grows from wave to wave.
  uint64_t cursor(uint64_t of_walk) const { return of_walk | uint64_t{wave_.number} << wave_shift; }
  /// Whether this is a cursor of this wave, and not of one before it.
  bool is_ours(uint64_t cursor) const { return (cursor >> wave_shift & most_waves) == wave_.number; }
  static uint64_t of_walk(uint64_t cursor) { return cursor & ~(most_waves << wave_shift); }

 private:
  // Below the walk's lap, above the keys of devices.
  static constexpr unsigned wave_shift = 48;
  static constexpr uint64_t most_waves = 0x7fff;

  judgement judge(utc_ms moment) const;

  fan_out_wave wave_;
  utc_ms launched_at_;
  judgement of_default_;
  std::map<std::string, judgement, std::less<>> known_;
};

}  // namespace pusher
