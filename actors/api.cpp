// The api actor: answers clients' requests over the stores. Blocks on them, hence a thread of its own.
#include <chrono>

#include "actors/answer_waits.hpp"
#include "actors/api_operations.hpp"
#include "actors/creation_batch.hpp"
#include "actors/log.hpp"
#include "actors/name_exception.hpp"
#include "actors/registration_batch.hpp"
#include "actors/report_batch.hpp"
#include "actors/roles.hpp"
#include "actors/work_spans.hpp"
#include "http/routes.hpp"
#include "model/clock_us.hpp"
#include "storage/fail_point.hpp"

namespace pusher {

namespace {

struct api_state {
  using clock = std::chrono::steady_clock;

  std::unique_ptr<api_operations> operations;
  std::function<void(const http::exchange&, const http::response&, clock::time_point)> told;
  std::unique_ptr<registration_batch> batch;
  std::unique_ptr<report_batch> reports;
  std::unique_ptr<creation_batch> creations;
  std::unique_ptr<answer_waits> waits;

  static bool gathers(const http::request& asked) {
    return http::is_registration(asked) || http::is_device_report(asked) || http::is_creation(asked);
  }
  void add(const std::shared_ptr<http::exchange>& asked) {
    if (http::is_registration(asked->request()))
      confined(batch, [&](auto& to) { to.add(asked); });
    else if (http::is_creation(asked->request()))
      confined(creations, [&](auto& to) { to.add(asked); });
    else
      confined(reports, [&](auto& to) { to.add(asked); });
  }
  size_t waiting() const { return batch->size() + reports->size() + creations->size(); }
  void store() {
    confined(batch, [](auto& all) { all.store(); });
    confined(reports, [](auto& all) { all.store(); });
    confined(creations, [](auto& all) { all.store(); });
  }
  void look_at_waits() {
    confined(waits, [](auto& all) { all.look(); });
  }

 private:
  /// After an exception those of them that have no answer get a 500 by their end; nobody else is disturbed.
  /// Ending the actor would cost everyone who waits in its mailbox an answer, and could be repeated by a
  /// client.
  template <class Requests, class Work>
  void confined(std::unique_ptr<Requests>& these, const Work& work) {
    try {
      work(*these);
    } catch (const std::exception& fault) {
      log::error("api.requests_failed",
                 {{"requests", std::to_string(these->size())}, {"detail", fault.what()}});
      these = std::make_unique<Requests>(*operations, told);
    }
  }
};

using clock = api_state::clock;

void note(const node_context_ptr& node, const http::request& asked, const http::response& answer,
          clock::time_point since) {
  if (!answer.cause.empty())
    log::warn("api.request_failed", {{"request_id", asked.request_id},
                                     {"trace_id", asked.trace_id},
                                     {"route", std::string(http::route_of(asked))},
                                     {"detail", answer.cause}});
  auto note_of = [&](const char* name) {
    auto found = answer.internal.find(name);
    return found == answer.internal.end() ? std::string() : found->second;
  };
  if (auto launched = note_of(http::launched_note); !launched.empty())
    log::info("notification.launched", {{"notification", launched},
                                        {"application", note_of(http::application_note)},
                                        {"request_id", asked.request_id},
                                        {"trace_id", asked.trace_id}});
  if (auto step = note_of(http::step_note); !step.empty())
    log::info("notification." + step, {{"notification", note_of(http::stepped_note)},
                                       {"application", note_of(http::application_note)},
                                       {"request_id", asked.request_id},
                                       {"trace_id", asked.trace_id}});
  auto took = clock::now() - since;
  if (!asked.span_id.empty())
    node->spans.add(request_span(
        asked, answer, now_us() - std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  node->numbers.request_answered(answer.status, std::chrono::duration<double>(took).count());
}

}  // namespace

api_actor spawn_api(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor,
                    unsigned index) {
  return system.spawn<caf::detached>(
      [](api_actor::stateful_pointer<api_state> self, const node_context_ptr& shared,
         const supervisor_actor& above, unsigned number) -> api_actor::behavior_type {
        name_exceptions(static_cast<api_actor::pointer>(self));
        fail_point("api.starting");
        self->state.operations = std::make_unique<api_operations>(
            shared, number, [above] { caf::anon_send(above, wake_role{role::fan_out}); });
        auto& state = self->state;
        state.told = [shared](const http::exchange& of, const http::response& made, clock::time_point since) {
          note(shared, of.request(), made, since);
        };
        state.batch = std::make_unique<registration_batch>(*state.operations, state.told);
        state.reports = std::make_unique<report_batch>(*state.operations, state.told);
        state.creations = std::make_unique<creation_batch>(*state.operations, state.told);
        state.waits = std::make_unique<answer_waits>(*state.operations, state.told);
        return {
            [self, shared](const client_request& asked) {
              self->state.operations->follow_journal();
              const auto& request = asked.exchange->request();
              if (self->state.gathers(request)) {
                // Stored when all requests that wait already have been looked at.
                if (self->state.waiting() == 0) self->send(self, store_registrations{});
                self->state.add(asked.exchange);
                return;
              }
              auto began = clock::now();
              auto answer = http::serve(request, *self->state.operations);
              if (answer.unfinished) {
                if (self->state.waits->size() == 0)
                  self->delayed_send(self, answer_waits::interval, look_at_answers{});
                self->state.waits->add(asked.exchange, std::move(answer), began);
                return;
              }
              note(shared, request, answer, began);
              asked.exchange->answer(std::move(answer));
            },
            [self](store_registrations) {
              self->state.operations->follow_journal();
              self->state.store();
            },
            [self](look_at_answers) {
              self->state.look_at_waits();
              if (self->state.waits->size() > 0)
                self->delayed_send(self, answer_waits::interval, look_at_answers{});
            },
            [self, number](report_question) {
              actor_report made;
              made.name = "api/" + std::to_string(number);
              made.mailbox = self->mailbox().size();
              made.claimed = self->state.waiting() + self->state.waits->size();
              made.detail = "{}";
              return made;
            },
            [self](drain) {
              self->state.store();
              self->state.waits->finish_all();
              self->quit();
            },
        };
      },
      std::move(node), std::move(supervisor), index);
}

}  // namespace pusher
