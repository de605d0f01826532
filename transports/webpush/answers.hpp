// What the answers of push services mean.
#pragma once

#include <string_view>

#include "transports/gateway_protocol.hpp"

namespace pusher {

/// Codes are Mozilla's errno as `errno-<n>`, or Apple's reason; most services have none.
extern const verdict_table web_push_answers;

answer_reading read_web_push_answer(int status, std::string_view body);

}  // namespace pusher
