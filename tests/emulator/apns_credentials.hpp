// Who may push to APNs: provider tokens (ES256 JWT) and the client certificate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/openssl_handles.hpp"

namespace pusher::emulator {

struct apns_identity {
  static constexpr const char* key_id = "ABC123DEFG";
  static constexpr const char* second_key_id = "ABC124DEFG";
  static constexpr const char* team_id = "DEF123GHIJ";
  static constexpr const char* topic = "com.example.app";

  key_ptr key;         ///< P-256
  key_ptr second_key;  ///< of the same team
};

class apns_credentials {
 public:
  /// `identity` must outlive this. `least_seconds_between_tokens` 0 = new provider tokens at any time.
  apns_credentials(const apns_identity& identity, int64_t least_seconds_between_tokens);

  /// The reason why the request may not push; empty = it may. `now` in seconds since the epoch.
  std::string_view judge(const request& asked, int64_t now);

  void revoke_keys(bool revoked) { revoked_ = revoked; }
  /// That key alone, for good.
  void revoke_key(std::string_view id) { revoked_key_ = id; }
  void expire_keys(int64_t now);

 private:
  struct known_token {
    int64_t birth = 0;  ///< its iat; 0 = not a good token at all
    std::string key_id;
    bool in_use = false;
  };
  known_token examine(std::string_view text) const;
  std::string_view judge_first_use(const known_token& token);

  const apns_identity& identity_;
  int64_t least_seconds_between_tokens_;
  std::unordered_map<std::string, known_token> tokens_;  ///< so that each is verified once
  std::string key_;                                      ///< of a look-up; kept for its memory
  std::map<std::string, int64_t> last_births_;           ///< of each key's token that came into use last
  int64_t expired_before_ = 0;
  bool revoked_ = false;
  std::string revoked_key_;
};

}  // namespace pusher::emulator
