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
int create_key(settings config, const std::string& application, const std::string& scopes,
               const std::string& name);
/// With an empty name, those of all applications.
int list_keys(settings config, const std::string& application);
int revoke_key(settings config, const std::string& prefix);

/// Makes a VAPID key: into `out`, a new file of mode 0600, with the public key on standard output; or,
/// without `out`, as PEM on standard output with the public key on standard error.
int generate_vapid_key(const std::string& out);
/// Prints the public key, as browsers want it, of a private key's file.
int show_vapid_key(const std::string& file);

}  // namespace pusher::commands
