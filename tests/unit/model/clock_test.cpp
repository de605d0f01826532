#include "model/clock.hpp"

#include <doctest/doctest.h>

namespace pusher {

namespace {

constexpr int64_t hour_ms = 3'600'000;

bool about(int64_t value, int64_t wanted) {
  return value > wanted - 500 && value < wanted + 500;
}

}  // namespace

TEST_CASE("the time of day follows a clock that all nodes share") {
  auto began = now_ms();
  auto asked_at = steady_ms();
  CHECK(about(follow_clock(began + hour_ms, asked_at), hour_ms));
  CHECK(about(now_ms(), began + hour_ms));
  CHECK(about(follow_clock(began, asked_at), -hour_ms));
  CHECK(about(now_ms(), began));
}

TEST_CASE("small differences, and answers that took long, change nothing") {
  auto began = now_ms();
  CHECK(follow_clock(began + shortest_leap_ms / 2, steady_ms()) == 0);
  CHECK(follow_clock(began + hour_ms, steady_ms() - 2 * shortest_leap_ms) == 0);
  CHECK(about(now_ms(), began));
}

}  // namespace pusher
