// JSON Web Tokens (RFC 7519), as far as gateways want them signed.
#pragma once

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

 private:
  explicit rsa_key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace pusher
