// The whole pipeline under a seeded scheduler (guarantees.md, G3 to G6, G8, G11, G16, G24).
// PUSHER_SCHEDULES=N sets the number of schedules, PUSHER_FIRST=N the first of them, PUSHER_SEED=N replays
// one and prints what happens.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/simulation/simulation.hpp"

using namespace pusher;
using testing::missing_rule;
using testing::simulation;

namespace {

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr uint32_t usual_schedules = 2'000;
#else
constexpr uint32_t usual_schedules = 300;
#endif

uint32_t number_from(const char* variable, uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

}  // namespace

TEST_CASE(
    "whatever befalls the pipeline, nothing is lost and nothing is done twice beyond what was at risk") {
  if (std::getenv("PUSHER_SEED")) {
    auto outcome = simulation(number_from("PUSHER_SEED", 0), {}, true).run();
    CHECK(outcome.violation == "");
    return;
  }
  auto schedules = number_from("PUSHER_SCHEDULES", usual_schedules), first = number_from("PUSHER_FIRST", 0);
  testing::schedule_outcome all;
  for (auto seed = first; seed < first + schedules; ++seed) {
    auto outcome = simulation(seed, {}, false).run();
    REQUIRE(outcome.violation == "");
    all.steps += outcome.steps;
    all.questions += outcome.questions;
    all.crashes += outcome.crashes;
    all.lost += outcome.lost;
    all.late += outcome.late;
    all.pushes += outcome.pushes;
    all.repeated += outcome.repeated;
    all.dead_letters += outcome.dead_letters;
  }
  MESSAGE(schedules << " schedules: " << all.steps << " steps, " << all.questions << " questions to stores, "
                    << all.crashes << " crashes, " << all.lost << " requests or replies lost, " << all.late
                    << " came late, " << all.pushes << " pushes, " << all.repeated << " of them repeated, "
                    << all.dead_letters << " dead letters");
}
