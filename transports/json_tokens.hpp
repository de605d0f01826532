// Push tokens within JSON texts that are put together from pieces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transports/lane_queue.hpp"

namespace pusher {

/// The token as it stands between the quotes: itself, or `scratch` when something in it had to be escaped.
std::string_view escape_token(std::string_view token, std::string& scratch);

/// The targets' tokens in quotes with commas between, in `into`.
std::string_view join_tokens(const std::vector<open_target>& targets, std::string& into);

}  // namespace pusher
