// APNs as transports: one for production, one for the sandbox.
#pragma once

#include <memory>

#include "conf/settings.hpp"
#include "model/device.hpp"
#include "model/result.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Reads the signing key; null with a certificate. Errors: invalid_configuration.
result<std::shared_ptr<provider_token_keeper>> make_provider_tokens(const apns_settings& settings);

/// Both environments share `tokens`, which must be synchronized by someone; null with a certificate. Errors:
/// invalid_configuration (files, addresses), internal.
result<std::unique_ptr<transport>> make_apns_transport(const apns_settings& settings, environment where,
                                                       const std::shared_ptr<provider_token_keeper>& tokens,
                                                       const limits_settings& limits, answer_sink& sink);

}  // namespace pusher
