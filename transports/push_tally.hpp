// What gateways answered, counted: each answer by the row of the gateway's table that it met, and its time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/duration_counts.hpp"

namespace pusher {

class verdict_table;

/// Of one transport, by its thread. Plain numbers in place, so that counting an answer neither locks nor
/// allocates.
struct push_tally {
  static constexpr size_t most_rules = 48;  ///< a test holds the tables to it

  const verdict_table* table = nullptr;
  std::array<uint64_t, most_rules> by_rule{};  ///< targets, in the table's order
  uint64_t unlisted = 0;                       ///< answers that the table does not have
  uint64_t unanswered = 0;                     ///< targets whose request left, without an answer
  duration_counts<gateway_scale> latency;      ///< of answered requests

  /// `more` is of the same table.
  push_tally& operator+=(const push_tally& more) {
    table = more.table;
    for (size_t i = 0; i < most_rules; ++i)
      by_rule[i] += more.by_rule[i];
    unlisted += more.unlisted;
    unanswered += more.unanswered;
    latency += more.latency;
    return *this;
  }
};

}  // namespace pusher
