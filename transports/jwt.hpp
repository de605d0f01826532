// JSON Web Tokens (RFC 7519), as far as gateways want them signed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/result.hpp"

struct evp_pkey_st;

namespace pusher {

/// An RSA private key. Immutable; may be shared between threads.
class rsa_key {
 public:
  /// From PEM (PKCS #8 or PKCS #1), without a pass phrase. Errors: invalid_configuration; never shows the
  /// key.
  static result<rsa_key> parse(std::string_view pem);

  /// `header.claims.signature` of two JSON texts, by RS256. Errors: internal.
  result<std::string> sign_jwt(std::string_view header, std::string_view claims) const;
  /// SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal.
  std::string fingerprint() const;

 private:
  explicit rsa_key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

/// A P-256 private key. Immutable; may be shared between threads.
class ec_key {
 public:
  using point = std::array<uint8_t, 65>;

  /// From PEM (PKCS #8 as Apple's .p8, or SEC 1), without a pass phrase. Errors: invalid_configuration; never
  /// shows the key.
  static result<ec_key> parse(std::string_view pem);
  /// Errors: internal.
  static result<ec_key> generate();

  /// `header.claims.signature` of two JSON texts, by ES256: the signature is r and s side by side, 64 bytes
  /// (RFC 7518, section 3.4). Errors: internal.
  result<std::string> sign_jwt(std::string_view header, std::string_view claims) const;
  /// The public key, uncompressed.
  point public_point() const;
  /// As an RSA key's.
  std::string fingerprint() const;
  /// PKCS #8. Errors: internal.
  result<std::string> to_pem() const;
  /// 32 bytes that whoever has the key can make, and nobody else: HMAC-SHA-256 of `label`.
  std::array<uint8_t, 32> derive_secret(std::string_view label) const;

 private:
  explicit ec_key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace pusher
