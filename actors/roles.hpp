// How the supervisor spawns the roles' actors. Light to include: CAF's heavy headers stay in the .cpp files.
#pragma once

#include <string>
#include <vector>

#include "actors/node_context.hpp"
#include "actors/protocol.hpp"
#include "actors/supervisor.hpp"

namespace pusher {

/// The role's actor.
caf::strong_actor_ptr spawn_role_of(caf::actor_system& system, const node_context_ptr& node,
                                    const role_place& place, const supervisor_actor& supervisor);

/// Each spawns a detached actor (they block on the stores) with connections of its own.
role_actor spawn_fan_out(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor);
role_actor spawn_push_sender(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                             unsigned index, std::vector<std::string> gateways);
role_actor spawn_result_writer(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                               unsigned index);
api_actor spawn_api(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                    unsigned index);

}  // namespace pusher
