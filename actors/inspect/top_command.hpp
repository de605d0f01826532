// `pusher top`: a cluster at work, a screenful each second. Exit codes: 0; 2 usage; 3 no node that answers at
// the start; 78 configuration.
#pragma once

#include <string>

#include "conf/settings.hpp"

namespace pusher::commands {

/// `node`: HOST:PORT; empty = as the configuration says. Where standard output is no terminal it prints one
/// frame and ends.
int top(const std::string& node, const settings& config);

}  // namespace pusher::commands
