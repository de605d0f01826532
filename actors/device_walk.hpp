// A notification's way through the devices of its application. It may begin anywhere, go on to the end and
// then from the beginning to where it began: so a notification that is launched while others are being read
// joins them where they are, and one reading serves all.
#pragma once

#include <cstdint>

#include "model/ids.hpp"

namespace pusher {

class device_walk {
 public:
  device_walk() = default;
  /// From behind `start` (0: from the first device) through all keys up to `last`. `cursor` is what cursor()
  /// gave before, or the start itself.
  device_walk(device_key start, device_key last, uint64_t cursor)
      : start_(start), last_(last), cursor_(cursor) {}

  /// Where it stands, for the journal: the last key passed, and the lap in the highest bit. Grows with each
  /// step.
  uint64_t cursor() const { return cursor_; }
  /// Keys above this one are next.
  device_key at() const { return {cursor_ & ~second_lap}; }
  /// The last key of this lap.
  device_key lap_end() const { return on_second_lap() ? start_ : last_; }
  bool at_end() const {
    // A start of 0 leaves nothing for a second lap.
    return on_second_lap() ? !(at() < start_) : !start_ && !(at() < last_);
  }

  /// Whether the device, one of up to `last`, was read.
  bool passed(device_key key) const {
    if (!on_second_lap()) return start_ < key && !(at() < key);
    return start_ < key || !(at() < key);
  }

  /// All devices up to `key` were read.
  void pass(device_key key) {
    if (key < lap_end())
      cursor_ = (cursor_ & second_lap) | key.value;
    else if (on_second_lap() || !start_)
      cursor_ = (cursor_ & second_lap) | lap_end().value;
    else
      cursor_ = second_lap;
  }

 private:
  static constexpr uint64_t second_lap = uint64_t{1} << 63;
  bool on_second_lap() const { return (cursor_ & second_lap) != 0; }

  device_key start_, last_;
  uint64_t cursor_ = 0;
};

}  // namespace pusher
