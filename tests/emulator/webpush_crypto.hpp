// Message encryption for Web Push (RFC 8188, RFC 8291), the receiving half.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/emulator/openssl_handles.hpp"

namespace pusher::emulator {

/// What a browser keeps of its subscription.
struct webpush_identity {
  key_ptr key;        ///< P-256
  std::string point;  ///< its public half, 65 bytes
  std::string auth;   ///< 16 bytes
};

struct encrypted_body {
  std::string_view salt;        ///< 16 bytes
  std::string_view sender;      ///< the sender's public key, 65 bytes
  std::string_view ciphertext;  ///< one record, with its tag
};

/// Splits an aes128gcm body. Nothing when its header is malformed, the key id is no public key, or there is
/// more than one record.
std::optional<encrypted_body> read_encrypted(std::string_view body);

/// Nothing when the tag is wrong, or the padding is not that of a last record.
std::optional<std::string> decrypt(const encrypted_body& body, const webpush_identity& identity);

/// The public key of 65 bytes, uncompressed. Null when it is no point of the curve.
key_ptr p256_key_of(std::string_view point);

std::string point_of(EVP_PKEY* key);

}  // namespace pusher::emulator
