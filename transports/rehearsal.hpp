// What a gateway would be sent, without sending it.
#pragma once

#include <cstdint>
#include <string>

#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

struct rehearsed_push {
  std::string json;  ///< the message, without what names the device
  size_t bytes = 0;  ///< what the gateway's limit is about
  size_t limit = 0;
  bool shortened = false;
};

/// How devices of a gateway are spoken to.
struct push_form {
  pusher::gateway gateway = gateway::fcm;
  bool legacy_fcm = false;
  bool topic = false;  ///< FCM: the device is one
};

/// `whole` has a device's values in it (model/message_wording.hpp). Its body is shortened as it would be for
/// that device. Errors: payload_too_large, invalid_field.
result<rehearsed_push> rehearse_push(const push_form& form, const message& whole, utc_ms now);

}  // namespace pusher
