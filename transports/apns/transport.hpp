// APNs as transports: one for production, one for the sandbox.
#pragma once

#include <memory>

#include "conf/settings.hpp"
#include "model/device.hpp"
#include "model/result.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/tls_context.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Reads the signing key; null with a certificate. Errors: invalid_configuration.
result<std::shared_ptr<provider_token_keeper>> make_provider_tokens(const apns_settings& settings);

/// By what a transport signs in, and for which app.
struct apns_sign_in {
  /// Both environments share it, and someone must synchronize it; null with a certificate.
  std::shared_ptr<provider_token_keeper> tokens;
  client_identity certificate;
  std::string topic;
};

/// Errors: invalid_configuration (certificate, addresses), internal.
result<std::unique_ptr<transport>> make_apns_transport(const apns_settings& settings, environment where,
                                                       const apns_sign_in& sign_in,
                                                       const limits_settings& limits, answer_sink& sink);
/// The same with the settings' certificate and topic.
result<std::unique_ptr<transport>> make_apns_transport(const apns_settings& settings, environment where,
                                                       const std::shared_ptr<provider_token_keeper>& tokens,
                                                       const limits_settings& limits, answer_sink& sink);

}  // namespace pusher
