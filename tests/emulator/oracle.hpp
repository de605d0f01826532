// What all gateways share: the failures ordered for them, the script, and the books about what happened.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/gateway_kind.hpp"
#include "tests/emulator/ledger.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/request_log.hpp"
#include "tests/emulator/script.hpp"
#include "tests/emulator/statistics.hpp"

namespace pusher::emulator {

/// One push: a request to a multicast gateway carries many.
struct push_facts {
  std::string_view target;       ///< as the log shows it
  std::string_view text;         ///< what the script reads; empty = never scripted
  std::string_view correlation;  ///< as the log shows it
  uint64_t content = 0;          ///< hash of what makes a second push of the same target a duplicate
};

/// Single-threaded. All arguments of the constructor but the settings must outlive it.
class oracle {
 public:
  oracle(const options& settings, request_log& log, statistics& stats);

  /// What all pushes to that gateway are to be answered; `accepted` = nothing was ordered.
  verdict failure_of(gateway_kind kind) const { return failures_[index_of(kind)]; }
  void fail(gateway_kind kind, verdict what) { failures_[index_of(kind)] = what; }

  /// Counts a push against the configured rate. A fixed window of a second: sharp, and easy to reason about.
  bool over_rate(int64_t now_us);

  /// Counts an attempt, and says what the script wants for it.
  scripted_answer attempt(gateway_kind kind, const push_facts& push);

  void count_accepted(gateway_kind kind, const push_facts& push);

  /// One line of the log. The answer must be complete.
  void log(gateway_kind kind, const push_facts& push, int status, std::string_view code, const request& asked,
           int64_t now_us);

  /// Who reads the log next finds every push that was answered before.
  void flush_log() { log_.flush(); }

  /// Once a request, after its answer is complete.
  void count_request(gateway_kind kind, const request& asked, const reply& answer);

  statistics& stats() { return stats_; }

 private:
  const options settings_;
  request_log& log_;
  statistics& stats_;
  script script_;
  std::array<verdict, gateway_count> failures_{};
  ledger by_token_;
  ledger by_token_and_content_;
  std::vector<uint8_t> gateways_on_connection_;  ///< by the connection's number: a bit for each gateway
  int64_t rate_second_ = 0;
  uint64_t rate_count_ = 0;
};

}  // namespace pusher::emulator
