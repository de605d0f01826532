// One push as an HTTP request, for clients that are not ours to send.
#pragma once

#include <string>

#include "bench/gateway_facts.hpp"
#include "transports/apns/provider_token.hpp"

namespace pusher::bench {

/// A JSON object of `headers`, a list of [name, value] with the pseudo headers, and `body` in base64url: what
/// the gateway's own protocol makes of a target, token and signature included. `tokens`: where APNs's are
/// kept.
std::string push_request_json(const emulated& gateway, shared_values& tokens);

}  // namespace pusher::bench
