// The supervisor of one node: starts the roles' actors, starts a failed one again with back-off inside an
// intensity budget, passes wake-ups and requests on, and ends the roles in the order in which data flows.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "actors/node_context.hpp"
#include "actors/protocol.hpp"

namespace pusher {

/// Which actor is to be started.
struct role_place {
  role plays = role::api;
  unsigned index = 0;
  std::vector<std::string> gateways;  ///< a push-sender's; empty = all
};

/// When a failed actor is started again, and when the node gives up.
struct restart_budget {
  std::chrono::milliseconds first_back_off{200};
  std::chrono::milliseconds longest_back_off{10'000};
  size_t restarts =
      10;  ///< of all actors together in the window; beyond it only the outer supervisor can help
  std::chrono::milliseconds window{60'000};
};

struct supervisor_links {
  std::function<caf::strong_actor_ptr(const role_place&, const supervisor_actor&)> spawn;
  std::function<void(role)> tell_others;  ///< passes a wake-up on to other nodes
  restart_budget budget;
};

/// Past its budget it sets `node->failed` and ends; the process then ends with a fault.
supervisor_actor spawn_supervisor(caf::actor_system& system, node_context_ptr node, supervisor_links links);

}  // namespace pusher
