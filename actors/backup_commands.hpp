// `pusher backup` and `pusher restore`. Exit codes as in commands.hpp.
#pragma once

#include <string>

#include "conf/settings.hpp"

namespace pusher::commands {

/// Saves what a node with embedded stores has, running or not, as the new directory `out`.
int backup(const settings& config, const std::string& out);
/// Makes the configured data directory, new or empty, from a backup.
int restore(const settings& config, const std::string& from);

}  // namespace pusher::commands
