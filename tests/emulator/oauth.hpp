// Google's token endpoint: exchanges a signed assertion for an access token, and knows which tokens are good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/service_account.hpp"

namespace pusher::emulator {

class token_endpoint {
 public:
  /// `accounts`, of which there is at least one, must outlive this.
  token_endpoint(const std::vector<service_account>& accounts, int64_t lifetime_seconds);

  /// POST /token. Times are seconds since the epoch.
  void handle(const request& asked, reply& answer, int64_t now);

  /// A token of the first account.
  std::string mint(int64_t now) { return mint(accounts_.front(), now); }
  /// Whose token it is; null when it is not good.
  const service_account* owner_of(std::string_view access_token, int64_t now);
  void revoke_all();

  uint64_t mints() const { return mints_; }
  uint64_t refusals() const { return refusals_; }

 private:
  struct refusal {
    const char* error = nullptr;  ///< null = none
    std::string description;
  };
  struct good_token {
    const service_account* owner = nullptr;
    int64_t expires = 0;  ///< seconds since the epoch
  };
  refusal judge(const request& asked, int64_t now, const service_account*& account) const;
  refusal judge_assertion(std::string_view assertion, int64_t now, const service_account*& account) const;
  std::string mint(const service_account& account, int64_t now);
  void forget_expired(int64_t now);

  const std::vector<service_account>& accounts_;
  int64_t lifetime_seconds_;
  std::unordered_map<std::string, good_token> tokens_;
  std::string key_;        ///< of a look-up; kept for its memory
  std::string last_good_;  ///< nearly every request brings the same one
  good_token last_;
  uint64_t mints_ = 0;
  uint64_t refusals_ = 0;
};

}  // namespace pusher::emulator
