// Judges headers and payload of a push as APNs does.
#pragma once

#include <string_view>

#include "tests/emulator/exchange.hpp"

namespace pusher::emulator {

/// The reason why APNs refuses it; empty = it does not.
std::string_view judge_apns_message(const request& asked, std::string_view bundle);

/// Of the header apns-id; in lower case.
bool is_uuid(std::string_view text);

}  // namespace pusher::emulator
