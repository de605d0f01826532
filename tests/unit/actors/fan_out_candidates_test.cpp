// G6, one fan-out: 100,000 schedules in a release build, fewer where code runs slowly. PUSHER_SCHEDULES=N
// sets their number, PUSHER_SEED=N replays one of them and prints what happens.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/unit/actors/fan_out_candidates.hpp"

using namespace pusher;
using testing::candidates_simulation;
using testing::model_rules;
using testing::schedule_outcome;

namespace {

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr uint32_t usual_schedules = 100'000;
#else
constexpr uint32_t usual_schedules = 2'000;
#endif

uint32_t number_from(const char* variable, uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

/// The first schedule that shows the violation; with its number, from 1.
std::pair<uint32_t, std::string> first_caught(model_rules rules, uint32_t most) {
  for (uint32_t seed = 0; seed < most; ++seed)
    if (auto outcome = candidates_simulation(seed, rules, false).run(); !outcome.violation.empty())
      return {seed + 1, outcome.violation};
  return {0, ""};
}

}  // namespace

TEST_CASE(
    "whatever befalls the candidates, only the latest epoch has effects, and each device gets one push") {
  if (std::getenv("PUSHER_SEED")) {
    auto outcome = candidates_simulation(number_from("PUSHER_SEED", 0), {}, true).run();
    CHECK(outcome.violation == "");
    return;
  }
  auto schedules = number_from("PUSHER_SCHEDULES", usual_schedules);
  uint64_t leaders = 0, late = 0, refused = 0;
  for (uint32_t seed = 0; seed < schedules; ++seed) {
    auto outcome = candidates_simulation(seed, {}, false).run();
    REQUIRE(outcome.violation == "");
    leaders += outcome.leaders;
    late += outcome.late;
    refused += outcome.refused;
  }
  MESSAGE(schedules << " schedules: " << leaders << " times someone took the lead, " << late
                    << " effects came late, " << refused << " were refused");
  // A schedule in which nothing goes wrong proves nothing.
  CHECK(leaders > 2 * schedules);
  CHECK(late > schedules);
  CHECK(refused > schedules / 10);
}

TEST_CASE("the simulation notices each rule that is missing") {
  struct {
    bool model_rules::*rule;
    const char* violation;
  } cases[] = {{&model_rules::epoch_in_journal, "the journal took an older epoch's"},
               {&model_rules::epoch_in_database, "MariaDB took an older epoch's"},
               {&model_rules::cursor, "a device is appended twice"},
               {&model_rules::lease_term, "two lead at once"}};
  for (const auto& each : cases) {
    model_rules rules;
    rules.*each.rule = false;
    auto [number, violation] = first_caught(rules, 3000);
    CAPTURE(each.violation);
    CHECK(violation.find(each.violation) == 0);
    MESSAGE("schedule " << number << ": " << violation);
  }
}
