// Whether gateways will take a message: asked before it is stored, so that the client hears of it at once.
#pragma once

#include "model/notification.hpp"
#include "model/result.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Checks against FCM, every other configured channel, and every gateway that the message has an override
/// for. Errors: invalid_field with a pointer, payload_too_large.
result<void> check_for_gateways(const message& content, channel_set configured);

}  // namespace pusher
