// Answers what operators ask of the stores. It has a thread and connections of its own: a store that hangs
// holds up these answers alone.
#include "actors/cluster_parts.hpp"
#include "actors/store_questions.hpp"

namespace pusher {

namespace {

struct inspector_state {
  std::optional<store_questions> stores;
};

inspect_answer answer(inspector_state& state, const node_context_ptr& node, const inspect_question& asked) {
  // Where the stores are is known when the node has reached them once: it may have to start them itself.
  if (!state.stores && node->board.ok(check_redis)) state.stores.emplace(node);
  if (!state.stores) return {false, "This node waits for its stores."};
  return state.stores->answer(asked);
}

}  // namespace

inspector_actor spawn_inspector(caf::actor_system& system, node_context_ptr node) {
  return system.spawn<caf::detached>(
      [](inspector_actor::stateful_pointer<inspector_state> self,
         const node_context_ptr& shared) -> inspector_actor::behavior_type {
        return {[self, shared](const inspect_question& asked) { return answer(self->state, shared, asked); }};
      },
      std::move(node));
}

}  // namespace pusher
