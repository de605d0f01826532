// What the emulator answers: routes, credentials, control. Knows no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/fcm_message.hpp"
#include "tests/emulator/ledger.hpp"
#include "tests/emulator/oauth.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/request_log.hpp"
#include "tests/emulator/script.hpp"
#include "tests/emulator/statistics.hpp"

namespace pusher::emulator {

/// Single-threaded. All arguments of the constructor but the settings must outlive it.
class gateway {
 public:
  gateway(const options& settings, token_endpoint& tokens, request_log& log, statistics& stats);

  /// Decides, logs and counts; whether the answer then reaches the client is the client's trouble, as in
  /// reality. `now_us` since the epoch.
  void handle(request& asked, reply& answer, int64_t now_us);

  /// Whether all connections are to be closed, said once.
  bool take_close_request();

 private:
  void push(request& asked, reply& answer, int64_t now_us);
  verdict judge(const request& asked, bool good_message, const message_facts& facts, int64_t now_us);
  verdict judge_credentials(const request& asked, int64_t now_us);
  verdict judge_attempt(const message_facts& facts);
  bool over_rate(int64_t now_us);
  void count_accepted(const message_facts& facts);
  std::string_view next_message_id(int64_t now_us);

  void control(request& asked, reply& answer);
  bool apply_control(std::string& body);
  void show_statistics(reply& answer) const;

  const options settings_;
  token_endpoint& tokens_;
  request_log& log_;
  statistics& stats_;
  script script_;
  message_judge judge_;
  std::string push_path_;
  ledger by_token_;
  ledger by_token_and_notification_;
  std::string message_id_;
  uint64_t message_count_ = 0;
  int64_t rate_second_ = 0;
  uint64_t rate_count_ = 0;
  verdict failure_for_all_ = verdict::accepted;
  bool close_requested_ = false;
};

}  // namespace pusher::emulator
