// Who tried wrong API keys: the stores are not asked about those of an address that tries too many.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/rate_meter.hpp"

namespace pusher::http {

/// Remembers a fixed number of counts, whatever the number of addresses: those whose hashes fall together
/// share one, and how they fall differs from process to process. That an innocent address shares a count
/// costs it nothing: keys that are good are not tries. Not thread-safe.
class wrong_keys {
 public:
  using clock = std::chrono::steady_clock;

  /// 0 = no limit.
  explicit wrong_keys(uint32_t per_second);

  /// 0 when the address may try one more, and has done so now; else the seconds until it may.
  uint32_t take(std::string_view address, clock::time_point now);

 private:
  const uint32_t per_second_;
  const std::string seed_;
  std::vector<rate_meter> counts_;
};

/// What of an address tells clients apart: of IPv6 the first 64 bits, as a client commands the rest.
std::string network_of(std::string_view address);

}  // namespace pusher::http
