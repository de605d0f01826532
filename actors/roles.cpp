#include "actors/roles.hpp"

namespace pusher {

caf::strong_actor_ptr spawn_role_of(caf::actor_system& system, const node_context_ptr& node,
                                    const role_place& place, const supervisor_actor& supervisor) {
  switch (place.plays) {
    case role::api:
      return caf::actor_cast<caf::strong_actor_ptr>(spawn_api(system, node, supervisor, place.index));
    case role::fan_out:
      return caf::actor_cast<caf::strong_actor_ptr>(spawn_fan_out(system, node, supervisor));
    case role::push_sender:
      return caf::actor_cast<caf::strong_actor_ptr>(
          spawn_push_sender(system, node, supervisor, place.index, place.gateways));
    case role::result_writer:
      return caf::actor_cast<caf::strong_actor_ptr>(
          spawn_result_writer(system, node, supervisor, place.index));
  }
  return nullptr;
}

}  // namespace pusher
