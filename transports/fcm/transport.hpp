// The transport for FCM HTTP v1.
#pragma once

#include <memory>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "transports/service_account.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Starts a transport with one event-loop thread and one thread for access tokens. `sink` must outlive it and
/// is called on the loop's thread, once per round. Errors: invalid_configuration, when the service account,
/// the base URL or the certificate authorities cannot be used. That Google does not answer is no error: the
/// transport keeps trying, its targets wait, and stats() says why.
result<std::unique_ptr<transport>> make_fcm_transport(const fcm_settings& settings,
                                                      const limits_settings& limits, answer_sink& sink);
/// The same for an account that does not come from the settings' file.
result<std::unique_ptr<transport>> make_fcm_transport(const service_account& account,
                                                      const fcm_settings& settings,
                                                      const limits_settings& limits, answer_sink& sink);

}  // namespace pusher
