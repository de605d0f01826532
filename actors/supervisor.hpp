// The supervisor of one node: starts the roles' actors, starts a failed one again with back-off inside an
// intensity budget, passes wake-ups and requests on, and ends the roles in the order in which data flows.
#pragma once

#include <functional>

#include "actors/node_context.hpp"
#include "actors/protocol.hpp"

namespace pusher {

/// `tell_others` passes wake-ups on to other nodes. Past its budget of restarts it sets `node->failed` and
/// ends; the process then ends with a fault.
supervisor_actor spawn_supervisor(caf::actor_system& system, node_context_ptr node,
                                  std::function<void(role)> tell_others);

}  // namespace pusher
