// Web Push as a transport: every push service that subscriptions name.
#pragma once

#include <memory>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "transports/jwt.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Errors: invalid_configuration (key, subject, authorities), internal.
result<std::unique_ptr<transport>> make_web_push_transport(const webpush_settings& settings,
                                                           const limits_settings& limits, answer_sink& sink);
/// The same with a key and subject that do not come from the settings.
result<std::unique_ptr<transport>> make_web_push_transport(const ec_key& key, const std::string& subject,
                                                           const webpush_settings& settings,
                                                           const limits_settings& limits, answer_sink& sink);

}  // namespace pusher
