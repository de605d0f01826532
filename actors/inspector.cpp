// Answers what operators ask of the stores. It has a thread and connections of its own: a store that hangs
// holds up these answers alone.
#include "actors/cluster_parts.hpp"
#include "actors/log.hpp"
#include "conf/load.hpp"
#include "http/json_writer.hpp"
#include "storage/journal.hpp"
#include "storage/node_registry.hpp"

namespace pusher {

namespace {

inspect_answer failure(const error& why) {
  return {false, why.detail};
}

class inspector {
 public:
  explicit inspector(node_context_ptr node) : node_(std::move(node)), registry_(node_->config.redis) {}

  inspect_answer answer(const inspect_question& asked) {
    if (asked.command == "pause" || asked.command == "resume")
      return hold(asked.command == "pause", asked.arguments);
    return {false, "There is no command '" + asked.command + "'."};
  }

 private:
  inspect_answer hold(bool held, const std::vector<std::string>& given) {
    auto which = given.size() == 1 ? parse_role_name(given.front()) : std::nullopt;
    if (!which || *which == role::api)
      return {false, "The stage is one of fan-out, push-sender, result-writer."};
    auto done = held ? registry_.hold_stage(given.front()) : registry_.free_stage(given.front());
    if (!done) return failure(done.failure());
    log::info(held ? "stage.paused" : "stage.resumed", {{"stage", given.front()}});
    http::json_text out;
    out.open();
    out.field("stage", given.front());
    out.field("paused", held);
    out.close();
    return {true, out.take()};
  }

  node_context_ptr node_;
  node_registry registry_;
};

}  // namespace

inspector_actor spawn_inspector(caf::actor_system& system, node_context_ptr node) {
  return system.spawn<caf::detached>(
      [](inspector_actor::pointer, const node_context_ptr& shared) -> inspector_actor::behavior_type {
        auto answers = std::make_shared<inspector>(shared);
        return {[answers](const inspect_question& asked) { return answers->answer(asked); }};
      },
      std::move(node));
}

}  // namespace pusher
