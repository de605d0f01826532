// The counters that GET /_stats shows.
#pragma once

#include <array>
#include <cstdint>

namespace pusher::emulator {

struct statistics {
  uint64_t requests = 0;                  ///< pushes that arrived completely
  std::array<uint64_t, 600> by_status{};  ///< of pushes; [0] = without an HTTP answer
  uint64_t unique_tokens_accepted = 0;
  uint64_t duplicates_accepted = 0;  ///< same token and data.notification accepted once more
  uint64_t other_requests = 0;       ///< token endpoint, control and what has no place here
  uint64_t open_streams = 0;         ///< HTTP/2 streams now
  uint64_t max_open_streams = 0;
  uint64_t connections = 0;  ///< since start, handshake done or not
  uint64_t open_connections = 0;
};

}  // namespace pusher::emulator
