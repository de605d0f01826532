// The counters that GET /_stats shows.
#pragma once

#include <array>
#include <cstdint>

#include "tests/emulator/gateway_kind.hpp"

namespace pusher::emulator {

/// Of one gateway.
struct push_counters {
  uint64_t requests = 0;                  ///< that arrived completely
  uint64_t accepted = 0;                  ///< pushes: a request may carry many
  uint64_t duplicates_accepted = 0;       ///< same token and same notification accepted once more
  uint64_t connections = 0;               ///< that carried at least one of its requests
  std::array<uint64_t, 600> by_status{};  ///< of requests; [0] = without an HTTP answer
};

struct statistics {
  std::array<push_counters, gateway_count> gateways;
  uint64_t unique_tokens_accepted = 0;
  uint64_t other_requests = 0;  ///< token endpoints, control and what has no place here
  uint64_t redirects_followed = 0;
  uint64_t open_streams = 0;  ///< HTTP/2 streams now
  uint64_t max_open_streams = 0;
  uint64_t stream_violations = 0;  ///< streams beyond what the connection's settings allowed
  uint64_t connections = 0;        ///< since start, handshake done or not
  uint64_t open_connections = 0;
  uint64_t resumed_sessions = 0;     ///< of TLS: handshakes that took up an earlier session
  uint64_t hpack_violations = 0;     ///< APNs requests with :path or authorization in HPACK's dynamic table
  uint64_t reused_webpush_keys = 0;  ///< salts and sender keys that came before
};

}  // namespace pusher::emulator
