// Message encryption for Web Push: RFC 8291 over RFC 8188 (aes128gcm).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/result.hpp"

namespace pusher {

/// What a subscription gives: the browser's public key, uncompressed, and its authentication secret.
struct subscription_keys {
  std::array<uint8_t, 65> p256dh{};
  std::array<uint8_t, 16> auth{};

  /// From `p256dh.auth`, both in base64url. Whether the point lies on the curve shows when it is used.
  /// Errors: invalid_field.
  static result<subscription_keys> parse(std::string_view joined);
};

/// A push service must take 4,096 bytes of body (RFC 8030, section 7.2): header 86 (salt 16, record size 4,
/// key length 1, key 65), delimiter 1, tag 16, and so much of ours.
inline constexpr size_t web_push_plaintext_bytes = 4096 - 86 - 1 - 16;

/// One per thread: keeps OpenSSL's contexts.
class web_push_encryptor {
 public:
  web_push_encryptor();
  ~web_push_encryptor();
  web_push_encryptor(const web_push_encryptor&) = delete;
  web_push_encryptor& operator=(const web_push_encryptor&) = delete;

  /// Fills `body` with one record, under a key pair and a salt of its own. Errors: payload_too_large;
  /// invalid_field (the subscription's key is no point of the curve); internal.
  result<void> encrypt(const subscription_keys& to, std::string_view plaintext, std::string& body);

  /// The same with a given key and salt, as test vectors have them.
  result<void> encrypt_with(const subscription_keys& to, std::string_view plaintext,
                            const std::array<uint8_t, 32>& sender_key, const std::array<uint8_t, 16>& salt,
                            std::string& body);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace pusher
