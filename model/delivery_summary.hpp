// What became of a notification's targets, by gateway and reason, and over time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/outcome.hpp"

namespace pusher {

struct delivery_reason {
  pusher::outcome outcome = outcome::unknown;
  std::optional<pusher::gateway> gateway;  ///< none = the push never left
  std::string code;                        ///< the gateway's error code or our rule; empty = there is none
  uint64_t count = 0;
};

struct delivery_summary {
  uint64_t looked_at = 0;
  bool complete = true;                  ///< false: there are more rows than are looked at
  std::vector<delivery_reason> reasons;  ///< the most frequent first
  uint64_t other_reasons = 0;            ///< targets whose reasons are not listed
  utc_ms from = 0;                       ///< when the first step begins
  int64_t step_ms = 1000;
  std::map<uint64_t, outcome_counts> steps;  ///< by number; those without an outcome are left out
};

}  // namespace pusher
