// What `pusher` does apart from running a node: one function per subcommand. Each returns the process's exit
// code: 0 done, 1 fault, 2 usage, 78 configuration.
#pragma once

#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/error.hpp"

namespace pusher::commands {

/// Prints the error for a person and gives its exit code.
int fail(const error& why);

int migrate(settings config);
int create_key(settings config, const std::string& application, const std::string& scopes);
int list_keys(settings config);
int revoke_key(settings config, const std::string& prefix);

}  // namespace pusher::commands
