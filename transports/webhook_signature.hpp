// Signatures of webhooks as Standard Webhooks has them: symmetric, version 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"

namespace pusher {

/// `whsec_` and 32 random bytes in base64. Errors: internal, when the system gives no random bytes.
result<std::string> make_webhook_secret();

/// The header `webhook-signature`: for each secret `v1,` and the base64 of the HMAC-SHA-256 of
/// `id.seconds.body` under the secret's bytes, separated by spaces. Errors: corrupt_data for a text that is
/// no secret; never shows it.
result<std::string> webhook_signature(const std::vector<std::string>& secrets, std::string_view id,
                                      int64_t seconds, std::string_view body);

}  // namespace pusher
