// Which stages operators hold: their actors take no new work until they are freed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "conf/load.hpp"

namespace pusher {

/// Written by the store keeper's thread, read by the roles.
class held_stages {
 public:
  /// Whether that changed anything. A name that is no stage is left alone: a newer version may have more.
  bool hold_only(const std::vector<std::string>& names) {
    uint32_t bits = 0;
    for (const auto& name : names)
      if (auto which = parse_role_name(name)) bits |= bit(*which);
    return bits_.exchange(bits) != bits;
  }

  bool held(role which) const { return (bits_.load() & bit(which)) != 0; }

 private:
  static uint32_t bit(role which) { return 1U << static_cast<unsigned>(which); }

  std::atomic<uint32_t> bits_{0};
};

}  // namespace pusher
