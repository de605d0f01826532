// Huawei's token endpoint: client id and secret for an access token, and which tokens are good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/emulator/exchange.hpp"

namespace pusher::emulator {

struct hms_identity {
  static constexpr const char* app_id = "100000001";

  std::string secret;
};

class hms_token_endpoint {
 public:
  /// `identity` must outlive this.
  hms_token_endpoint(const hms_identity& identity, int64_t lifetime_seconds);

  /// POST /oauth2/v3/token. Times are seconds since the epoch.
  void handle(const request& asked, reply& answer, int64_t now);

  enum class state { good, unknown, expired };
  state judge(std::string_view access_token, int64_t now);
  void revoke_all() { expiry_of_.clear(); }

  uint64_t mints() const { return mints_; }
  uint64_t refusals() const { return refusals_; }

 private:
  struct refusal {
    int sub_error = 0;  ///< 0 = none
    const char* description = nullptr;
  };
  refusal judge(const request& asked) const;

  const hms_identity& identity_;
  int64_t lifetime_seconds_;
  std::unordered_map<std::string, int64_t> expiry_of_;  ///< access token -> seconds since the epoch
  std::string key_;                                     ///< of a look-up; kept for its memory
  uint64_t mints_ = 0;
  uint64_t refusals_ = 0;
};

}  // namespace pusher::emulator
