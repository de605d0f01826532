// Which of the gateways a request is for, and what is none of theirs: control and statistics. Knows no
// sockets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/emulator/apns.hpp"
#include "tests/emulator/body_log.hpp"
#include "tests/emulator/control.hpp"
#include "tests/emulator/exchange.hpp"
#include "tests/emulator/fcm.hpp"
#include "tests/emulator/fcm_legacy.hpp"
#include "tests/emulator/hms.hpp"
#include "tests/emulator/oauth.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/oracle.hpp"
#include "tests/emulator/orders.hpp"
#include "tests/emulator/statistics.hpp"
#include "tests/emulator/webpush.hpp"

namespace pusher::emulator {

/// What clients hold to prove who they are, and the emulator to check it.
struct identities {
  std::vector<service_account> google;  ///< of two projects
  apns_identity apns;
  hms_identity hms;
  webpush_identity webpush;
  legacy_identity legacy;
  std::string origin;  ///< scheme, host and port of all endpoints
};

/// Single-threaded. All arguments of the constructor but the settings must outlive it.
class gateway {
 public:
  gateway(const options& settings, const identities& known, token_endpoint& tokens, request_log& log,
          statistics& stats);

  /// Decides, logs and counts; whether the answer then reaches the client is the client's trouble, as in
  /// reality. `now_us` since the epoch.
  void handle(request& asked, reply& answer, int64_t now_us);

  /// Whether the request is to wait unprocessed until it is released.
  bool holds(const request& asked) const { return holding_ && gateway_of(asked).has_value(); }

  /// How long each answer to a push waits.
  int64_t delay_ms() const { return delay_ms_; }

  /// What all connections are to do, said once.
  orders take_orders();

 private:
  static std::optional<gateway_kind> gateway_of(const request& asked);
  void push(gateway_kind kind, request& asked, reply& answer, int64_t now_us);
  void judge(gateway_kind kind, request& asked, reply& answer, int64_t now_us);
  void control(const request& asked, reply& answer, int64_t now_us);

  token_endpoint& tokens_;
  statistics& stats_;
  oracle books_;
  body_log bodies_;
  fcm_gateway fcm_;
  apns_gateway apns_;
  hms_token_endpoint hms_tokens_;
  hms_gateway hms_;
  webpush_gateway webpush_;
  legacy_gateway legacy_;
  orders orders_;
  bool holding_ = false;
  int64_t delay_ms_;
};

}  // namespace pusher::emulator
