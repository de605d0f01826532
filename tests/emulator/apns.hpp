// Apple's push notification service: which pushes it takes, and what it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/emulator/apns_credentials.hpp"
#include "tests/emulator/exchange.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/oracle.hpp"

namespace pusher::emulator {

class apns_gateway {
 public:
  /// `identity` and `books` must outlive this.
  apns_gateway(const options& settings, const apns_identity& identity, oracle& books);

  static bool takes(const request& asked);
  void handle(request& asked, reply& answer, int64_t now_us);

  /// While revoked, no provider token is good.
  void revoke_keys(bool revoked) { credentials_.revoke_keys(revoked); }
  void revoke_key(std::string_view id) { credentials_.revoke_key(id); }

  /// Provider tokens issued before `now` (seconds since the epoch) are no longer good.
  void expire_keys(int64_t now) { credentials_.expire_keys(now); }

 private:
  std::string_view judge(const request& asked, reply& answer, int64_t now_us);
  std::string_view judge_token(const request& asked) const;
  std::string_view decide(const request& asked, const push_facts& push, reply& answer, int64_t now_us);
  std::string_view word(const scripted_answer& decided, const request& asked, reply& answer, int64_t now_us);
  void read_token(std::string_view path);

  apns_credentials credentials_;
  oracle& books_;
  std::string_view token_;  ///< of the request at hand: what follows /3/device/
  std::string token_text_;  ///< what the token's bytes say when they are printable; else empty
};

}  // namespace pusher::emulator
