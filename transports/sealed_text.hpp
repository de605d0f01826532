// Short secrets that lie in the shared store: sealed, so that only holders of the key can read or make them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pusher {

using seal_key = std::array<uint8_t, 32>;

/// AES-256-GCM under a fresh nonce, as base64url. Empty when OpenSSL fails. `context` is not in it, but must
/// be the same when it is opened: what the text belongs to.
std::string seal(const seal_key& key, std::string_view text, std::string_view context = {});
/// Nothing when it was not sealed with this key and context, or was changed.
std::optional<std::string> unseal(const seal_key& key, std::string_view sealed,
                                  std::string_view context = {});

}  // namespace pusher
