// One node: a process that plays a list of roles until it is told to end.
#pragma once

#include "conf/settings.hpp"

namespace pusher {

/// Runs until SIGTERM or SIGINT, drains, and returns the process's exit code: 0 drained, 1 fault, 78
/// configuration. A second signal ends the process at once. To be called on the main thread before any other
/// thread exists.
int run_node(settings config);

}  // namespace pusher
