// Who may push to a Web Push endpoint: RFC 8292.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/emulator/jwt.hpp"

namespace pusher::emulator {

class vapid_judge {
 public:
  /// `origin` of all endpoints, as the claim aud must have it.
  explicit vapid_judge(std::string origin) : origin_(std::move(origin)) {}

  /// HTTP status of a refusal, 0 = there is none. `endpoint` is bound to the first key that was good for it.
  int judge(std::string_view authorization, std::string_view endpoint, int64_t now);

 private:
  struct credentials {
    std::string_view token;
    std::string_view key;  ///< base64url
  };
  static std::optional<credentials> read(std::string_view authorization);
  bool good(const credentials& given, int64_t now);
  int64_t expiry_of_good(const credentials& given) const;

  std::string origin_;
  std::unordered_map<std::string, int64_t>
      expiry_of_;        ///< by token and key: each pair is verified once; 0 = bad
  std::string look_up_;  ///< kept for its memory
  std::unordered_map<std::string, std::string> key_of_endpoint_;
};

}  // namespace pusher::emulator
