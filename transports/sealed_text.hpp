// Short secrets that lie in the shared store: sealed, so that only holders of the key can read or make them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pusher {

using seal_key = std::array<uint8_t, 32>;

/// AES-256-GCM under a fresh nonce, as base64url. Empty when OpenSSL fails.
std::string seal(const seal_key& key, std::string_view text);
/// Nothing when it was not sealed with this key, or was changed.
std::optional<std::string> unseal(const seal_key& key, std::string_view sealed);

}  // namespace pusher
