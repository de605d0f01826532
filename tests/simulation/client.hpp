// Clients of the simulation: they launch, and change their minds. What the api does for them takes the same
// steps as in actors/api_lifecycle.cpp: the row, then Redis, then the answer; it may end between any two.
#pragma once

#include "storage/journal.hpp"
#include "tests/simulation/simulation.hpp"

namespace pusher::testing {

class simulated_client {
 public:
  explicit simulated_client(simulation& of);

  void launch();
  /// One of the things that a client may do.
  void step();
  /// Whoever paused something wants it to go on.
  void resume_all();

 private:
  bool tell(notification_key key, control what);
  void pause(notification_key key);
  void resume(notification_key key);
  void cancel(notification_key key);

  simulation& of_;
  journal journal_;
};

}  // namespace pusher::testing
