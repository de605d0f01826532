// What the answers of APNs mean.
#pragma once

#include <string_view>

#include "transports/gateway_protocol.hpp"

namespace pusher {

/// Detail: `own_topic` when the notification, and not the configuration, chose the topic.
extern const verdict_table apns_answers;

answer_reading read_apns_answer(int status, std::string_view body, bool own_topic);

}  // namespace pusher
