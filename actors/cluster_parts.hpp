// The actors by which a node takes part in a cluster; supervised by the node itself.
#pragma once

#include <functional>
#include <string>

#include "actors/checked_files.hpp"
#include "actors/node_context.hpp"
#include "actors/protocol.hpp"

namespace pusher {

/// Connects over TLS, blocking: at most about two seconds where nobody answers.
dialed connect_to(caf::actor_system& system, const std::string& host, uint16_t port);
/// `files` outlives it; nobody else uses them meanwhile.
dialer_actor spawn_dialer(caf::actor_system& system, node_context_ptr node, checked_files& files);

/// Has connections of its own to the stores.
inspector_actor spawn_inspector(caf::actor_system& system, node_context_ptr node);

/// What the directory needs of its node. `end` asks the node to drain and end; `lead_is_free` makes it try to
/// lead. Both are called on the directory's thread.
struct directory_links {
  supervisor_actor supervisor;
  dialer_actor dialer;
  inspector_actor inspector;
  std::function<void()> end;
  std::function<void()> lead_is_free;
};
directory_actor spawn_directory(caf::actor_system& system, node_context_ptr node, directory_links links);

}  // namespace pusher
