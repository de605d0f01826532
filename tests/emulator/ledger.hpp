// How often each push token came and was accepted, in memory that grows by 16 bytes or so a token.
#pragma once

#include <cstdint>
#include <vector>

namespace pusher::emulator {

/// Counts under 64-bit hashes; two tokens with one hash (a chance of 1 in 30 million with a million tokens)
/// would share theirs. Single-threaded.
class ledger {
 public:
  struct counts {
    uint32_t attempts = 0;
    uint32_t accepted = 0;
  };

  /// Valid until the next call.
  counts& operator[](uint64_t hash) {
    if ((used_ + 1) * 3 > slots_.size() * 2) grow();
    auto& found = find(slots_, hash | 1);
    if (found.key == 0) {
      found.key = hash | 1;
      ++used_;
    }
    return found.what;
  }

 private:
  struct slot {
    uint64_t key = 0;  ///< 0 = free
    counts what;
  };

  static slot& find(std::vector<slot>& slots, uint64_t key) {
    size_t mask = slots.size() - 1;
    size_t at = (key >> 1) & mask;
    while (slots[at].key != 0 && slots[at].key != key)
      at = (at + 1) & mask;
    return slots[at];
  }

  void grow() {
    std::vector<slot> bigger(slots_.size() * 2);
    for (const auto& each : slots_)
      if (each.key != 0) find(bigger, each.key) = each;
    slots_.swap(bigger);
  }

  std::vector<slot> slots_ = std::vector<slot>(1 << 16);
  size_t used_ = 0;
};

}  // namespace pusher::emulator
