// CAF under its test coordinator: nothing has a thread of its own, and who runs next is for the simulation to
// say.
#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/protocol.hpp"

namespace pusher::testing {

class actor_world {
 public:
  /// One for all schedules: making it takes longer than a schedule. It is never ended: CAF would free the
  /// coordinator's worker twice.
  static actor_world& instance() {
    static auto* made = new actor_world;
    return *made;
  }

  caf::actor_system& system() { return system_; }
  caf::scheduler::test_coordinator& coordinator() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }

 private:
  struct configuration : caf::actor_system_config {
    configuration() {
      add_message_types<caf::id_block::pusher>();
      config_file_path.clear();
      set("scheduler.policy", caf::atom("testing"));
    }
  };
  actor_world() = default;

  configuration config_;
  caf::actor_system system_{config_};
};

}  // namespace pusher::testing
