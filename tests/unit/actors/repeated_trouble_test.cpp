#include "actors/repeated_trouble.hpp"

#include <doctest/doctest.h>

using namespace pusher;
using namespace std::chrono_literals;

TEST_CASE("trouble that stays is said once a minute, with how often it came meanwhile") {
  repeated_trouble troubles;
  repeated_trouble::time now{1h};
  CHECK(troubles.ask("record", "away", now) == 0);
  for (int second = 1; second < 60; ++second)
    CHECK_FALSE(troubles.ask("record", "away", now + second * 1s));
  CHECK(troubles.ask("record", "away", now + 60s) == 59);
  CHECK_FALSE(troubles.ask("record", "away", now + 61s));
}

TEST_CASE("another trouble, other work, and what comes back after it went well are said at once") {
  repeated_trouble troubles;
  repeated_trouble::time now{1h};
  CHECK(troubles.ask("record", "away", now) == 0);
  CHECK(troubles.ask("mark", "away", now) == 0);
  CHECK(troubles.ask("record", "full", now + 1s) == 0);
  CHECK(troubles.ask("record", "away", now + 2s) == 0);
  CHECK_FALSE(troubles.ask("record", "away", now + 3s));
  CHECK(troubles.ask("record", "away", now + 14s) == 0);
}
