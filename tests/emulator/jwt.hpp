// JSON web tokens with ES256, as APNs and Web Push want them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "tests/emulator/openssl_handles.hpp"

namespace pusher::emulator {

struct jwt {
  rapidjson::Document header;  ///< an object
  rapidjson::Document claims;  ///< an object
  std::string signing_input;
  std::string signature;  ///< decoded
};

/// Nothing when it has not three parts of base64url, of which the first two are JSON objects.
std::optional<jwt> read_jwt(std::string_view text);

/// Whether alg is ES256, and the 64 bytes of the signature are that key's.
bool signed_with_es256(const jwt& token, EVP_PKEY* key);

/// The claim as a whole number.
std::optional<int64_t> number_claim(const jwt& token, std::string_view name);

}  // namespace pusher::emulator
