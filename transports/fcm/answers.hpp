// What the answers of FCM HTTP v1 mean.
#pragma once

#include <string_view>

#include "transports/gateway_protocol.hpp"

namespace pusher {

/// Details: `token` when the answer's words blame the registration token alone; `project` when a quota
/// failure names no single device; `foreign` when the body is not of Google's form.
extern const verdict_table fcm_answers;

answer_reading read_fcm_answer(int status, std::string_view body);

}  // namespace pusher
