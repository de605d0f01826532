// Whether a gateway takes a credential: found out by a push to a device that cannot be.
#pragma once

#include <chrono>

#include "transports/credential.hpp"

namespace pusher {

/// Signs in and asks for one push that nobody gets: its answer shows whether the gateway looked at more than
/// the credential. Blocks for as long as that takes, at most `patience`. `tokens` as make_provider_tokens()
/// made them, and synchronized. Errors: credential_refused, gateway_unavailable (it did not say either way),
/// invalid_configuration, internal.
result<void> check_credential(const credential_content& content, channel which, const settings& config,
                              const std::shared_ptr<provider_token_keeper>& tokens,
                              std::chrono::milliseconds patience);

}  // namespace pusher
