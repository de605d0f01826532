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
constexpr uint32_t usual_schedules = 40;
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

TEST_CASE("the simulation notices each rule that is missing") {
  struct {
    const char *script, *rule;
  } cases[] = {
      {"commit_page", "if redis.call('GET', KEYS[2]) ~= ARGV[2] then return {'fenced'} end"},  // the epoch
      {"commit_page", " == ARGV[4]"},                                                          // the cursor
      {"commit_page", "    redis.call('HINCRBY', KEYS[5], ARGV[3], found)"},
      {"record", " or tostring(claim[4]) ~= ARGV[5]"},  // the claim's token
      {"record",
       "if sequence ~= ARGV[6] then return {'already', tostring(redis.call('XLEN', KEYS[4])), version} end"},
      {"record", "  redis.call('XADD', KEYS[4], '*', 'r', ARGV[12])"},
      {"record", "  redis.call('XDEL', KEYS[2], id)"},
      {"settle", " == 1"},                      // whether it was acknowledged just now
      {"take_over", "  return alive[node]\n"},  // the owner's heartbeat
      {"take_over", "known[ARGV[at]] = true"},  // claims of our own that we know
      {"take_over", "if sequence == seen then strikes = strikes + 1 else strikes = 0 end"},
      {"promote", "    redis.call('HDEL', KEYS[3], name)"},
      {"promote",
       "    redis.call('XADD', ARGV[2] .. string.sub(job, 1, cut - 1), '*', 'b', string.sub(job, cut + 1))"},
      {"release_held", "if control == '1' then return {'ok', '0', '0'} end"},
      {"forget", "if pending and tonumber(pending) ~= 0 then return {'pending', pending} end"},
      {"set_control", " or (current == '2' and ARGV[3] ~= '0')"},
      {"hasten", "for at = 1, #names, 2 do redis.call('ZADD', KEYS[2], 'XX', '1', names[at]) end"},
  };
  auto most = number_from("PUSHER_SCHEDULES", 0);
  for (const auto& each : cases) {
    uint32_t seed = 0;
    std::string violation;
    for (; violation.empty() && seed < most; ++seed)
      violation = simulation(seed, {each.script, each.rule, {}}, false).run().violation;
    MESSAGE(each.script << " without " << each.rule << ": schedule " << seed << ": "
                        << violation.substr(0, violation.find('\n')));
  }
}
