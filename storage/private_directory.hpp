// Directories that only we may enter, and where sockets go when a path is too long for them.
#pragma once

#include <string>

#include "model/result.hpp"

namespace pusher {

/// Makes the directory (0700) with its parents if needed; its canonical path. Errors: invalid_configuration.
result<std::string> make_private_directory(const std::string& path);

/// Where sockets of this data directory live: `<data>/run`, or when that is too long for a socket's name, a
/// private directory under $XDG_RUNTIME_DIR or /tmp. The choice is kept in a link in the data directory, so
/// that a later process finds the sockets whatever its environment says. Errors: invalid_configuration.
result<std::string> socket_directory(const std::string& data_directory);

/// Root may write everywhere, and what it leaves in a node's data directory its user cannot open any more.
/// Errors: invalid_configuration, when we are root and the directory is another user's.
result<void> refuse_as_root_for_another(const std::string& directory);

}  // namespace pusher
