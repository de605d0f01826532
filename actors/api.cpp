// The api actor: answers clients' requests over the stores. Blocks on them, hence a thread of its own.
#include <chrono>

#include "actors/api_operations.hpp"
#include "actors/log.hpp"
#include "actors/roles.hpp"
#include "http/routes.hpp"

namespace pusher {

namespace {

struct api_state {
  std::unique_ptr<api_operations> operations;
};

}  // namespace

api_actor spawn_api(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                    unsigned index) {
  return system.spawn<caf::detached>(
      [](api_actor::stateful_pointer<api_state> self, const node_context_ptr& shared,
         const supervisor_actor& above, unsigned number) -> api_actor::behavior_type {
        self->state.operations = std::make_unique<api_operations>(
            shared, number, [above] { caf::anon_send(above, wake_role{role::fan_out}); });
        return {
            [self, shared](const client_request& asked) {
              auto began = std::chrono::steady_clock::now();
              auto answer = http::serve(asked.exchange->request(), *self->state.operations);
              auto status = answer.status;
              if (!answer.cause.empty())
                log::warn("api.request_failed",
                          {{"request_id", asked.exchange->request().request_id}, {"detail", answer.cause}});
              asked.exchange->answer(std::move(answer));
              std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
              shared->numbers.request_answered(status, took.count());
            },
            [self](drain) { self->quit(); },
        };
      },
      std::move(node), std::move(supervisor), index);
}

}  // namespace pusher
