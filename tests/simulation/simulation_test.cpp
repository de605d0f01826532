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
constexpr uint32_t usual_schedules = 600;
#else
constexpr uint32_t usual_schedules = 30;
#endif

uint32_t number_from(const char* variable, uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

/// What the simulation says first when this is left out of a script; and with which schedule, from 1.
std::pair<uint32_t, std::string> first_noticed(const missing_rule& rule, uint32_t most) {
  for (uint32_t seed = 0; seed < most; ++seed)
    if (auto said = simulation(seed, rule, false).run().violation; !said.empty())
      return {seed + 1, said.substr(0, said.find('\n'))};
  return {most, ""};
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

TEST_CASE("schedules that once showed a fault") {
  // 6506: a sender that was stopped let go a window's worth of each batch that others had taken meanwhile.
  // 9628: two senders of a process sent a suspect each, and the innocent one died with the poison again and
  // again.
  // 59623: the first requests of a notification, which the network had held back, arrived when it was settled
  // and forgotten, and it was sent once more.
  // 100573: a page that the network had held back arrived when its notification was canceled and settled, and
  // nothing told Redis so any more.
  // 106911: refusals of batches that were answered whole did not make a sender that was stopped doubt the
  // others.
  // 50248: the parts of a split batch were not known as suspects to who claimed them first, and took an
  // innocent one with them to the dead letters.
  for (uint32_t seed : {6506, 9628, 50248, 59623, 100573, 106911}) {
    CAPTURE(seed);
    CHECK(simulation(seed, {}, false).run().violation == "");
  }
}

TEST_CASE("the simulation notices each rule that is missing") {
  const missing_rule rules[] = {
      {"commit_page", " == ARGV[at + 2]", {}},  // the expected cursor
      {"commit_page", "    redis.call('HINCRBY', KEYS[5], notification, found)", {}},
      {"record", "    redis.call('XADD', KEYS[2], '*', 'r', ARGV[at + 8])", {}},
      {"record", "    redis.call('XDEL', stream, id)", {}},
      {"settle", " == 1", {}},                      // that it was acknowledged just now
      {"take_over", "  return alive[node]\n", {}},  // the owner's heartbeat
      {"take_over", "known[ARGV[at]] = true", {}},  // our own claims that we know of
      {"promote", "    redis.call('HDEL', KEYS[3], name)", {}},
      {"promote",
       "    redis.call('XADD', ARGV[2] .. string.sub(job, 1, cut - 1), '*', 'b', string.sub(job, cut + 1))",
       {}},
      {"forget", "if pending and tonumber(pending) ~= 0 then return {'pending', pending} end", {}},
  };
  for (const auto& each : rules) {
    auto [schedule, said] = first_noticed(each, 60);
    CAPTURE(each.text);
    CHECK(said != "");
    MESSAGE(each.script << " without \"" << each.text << "\", schedule " << schedule << ": " << said);
  }
}
