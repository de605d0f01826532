// The counters as GET /_stats shows them.
#pragma once

#include "tests/emulator/exchange.hpp"
#include "tests/emulator/hms_tokens.hpp"
#include "tests/emulator/oauth.hpp"
#include "tests/emulator/statistics.hpp"

namespace pusher::emulator {

void show_statistics(const statistics& stats, const token_endpoint& tokens,
                     const hms_token_endpoint& hms_tokens, reply& answer);

}  // namespace pusher::emulator
