// Google's token endpoint: exchanges a signed assertion for an access token, and knows which tokens are good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/service_account.hpp"

namespace pusher::emulator {

class token_endpoint {
 public:
  /// `account` must outlive this.
  token_endpoint(const service_account& account, int64_t lifetime_seconds);

  /// POST /token. Times are seconds since the epoch.
  void handle(const request& asked, reply& answer, int64_t now);

  std::string mint(int64_t now);
  bool good(std::string_view access_token, int64_t now);
  void revoke_all();

  uint64_t mints() const { return mints_; }
  uint64_t refusals() const { return refusals_; }

 private:
  struct refusal {
    const char* error = nullptr;  ///< null = none
    std::string description;
  };
  refusal judge(const request& asked, int64_t now) const;
  refusal judge_assertion(std::string_view assertion, int64_t now) const;
  bool signed_by_account(std::string_view signing_input, std::string_view signature) const;
  void forget_expired(int64_t now);

  const service_account& account_;
  int64_t lifetime_seconds_;
  std::unordered_map<std::string, int64_t> expiry_of_;  ///< access token -> seconds since the epoch
  std::string key_;                                     ///< of a look-up; kept for its memory
  std::string last_good_;                               ///< nearly every request brings the same one
  int64_t last_good_until_ = 0;
  uint64_t mints_ = 0;
  uint64_t refusals_ = 0;
};

}  // namespace pusher::emulator
