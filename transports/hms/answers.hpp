// What the answers of Huawei Push Kit mean. Most of them are a 200 with a code.
#pragma once

#include <string_view>
#include <vector>

#include "transports/gateway_protocol.hpp"

namespace pusher {

/// Details: `illegal` for the tokens that a partial success names; `internal` for the codes 81xxxxxx.
extern const verdict_table hms_answers;

/// `tokens` in the order of the request: a partial success is read for each.
answer_reading read_hms_answer(int status, std::string_view body,
                               const std::vector<std::string_view>& tokens);

}  // namespace pusher
