// Two or three candidates for fan-out in one simulated cluster: the real machines over modelled stores, under
// a schedule that a seed draws. Each may be stopped between any two steps, also between the decision of an
// action and its effect at the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/fan_out_machine.hpp"
#include "actors/lease_machine.hpp"
#include "tests/unit/actors/fan_out_world.hpp"

namespace pusher::testing {

/// What came of one schedule.
struct schedule_outcome {
  std::string violation;  ///< empty = all held
  unsigned leaders = 0;   ///< epochs in which somebody led
  unsigned late = 0;      ///< effects that arrived when their sender had given them up
  unsigned refused = 0;   ///< effects of former leaders
};

class candidate;

class candidates_simulation {
 public:
  candidates_simulation(uint32_t seed, model_rules rules, bool traced);
  ~candidates_simulation();
  schedule_outcome run();

 private:
  friend class candidate;
  /// At the store; gives what the sender does with the answer.
  using effect = std::function<std::function<void()>()>;

  bool one_in(unsigned n) { return random_() % n == 0; }
  void populate();
  void launch();
  void chaos();
  void finish();
  void deliver_late();
  void check_leaders();
  void check_complete(const world::note& note, bool odd_only);
  void violated(const std::string& what);
  void trace(const std::string& line) const;

  // -- the stores, and a ledger of their own beside them --
  void accepted_by_journal(uint64_t epoch, const char* what);
  void accepted_by_database(uint64_t epoch, const char* what);
  void granted(uint64_t epoch, const std::string& holder);
  void refused(const char* what, uint64_t epoch);

  uint32_t seed_;
  std::minstd_rand random_;
  bool traced_, faults_ = true;
  utc_ms now_ = 0;  ///< the database's
  world world_;
  lease_model lease_;
  std::vector<std::unique_ptr<candidate>> candidates_;
  std::vector<effect> late_;  ///< on their way, and nobody waits for the answer
  uint64_t highest_raised_ = 0, highest_granted_ = 0;
  std::string holder_;
  schedule_outcome outcome_;
};

}  // namespace pusher::testing
