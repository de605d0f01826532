// How many retries a credential may afford.
#include <doctest/doctest.h>

#include "transports/retry_budget.hpp"

using namespace pusher;

namespace {

const std::chrono::steady_clock::time_point start{std::chrono::hours(1)};

size_t taken(retry_budget& budget, size_t wanted, std::chrono::steady_clock::time_point now) {
  size_t count = 0;
  while (count < wanted && budget.take(now))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("retries are a share of first attempts, and a few a second at least") {
  retry_budget budget(50, start);
  CHECK(taken(budget, 1'000'000, start) == 100);
  for (int i = 0; i < 10'000; ++i)
    budget.started_first();
  CHECK(taken(budget, 1'000'000, start) == 5'000);
  CHECK_FALSE(budget.take(start));
  CHECK(taken(budget, 1'000'000, start + std::chrono::seconds(2)) == 100);
}

TEST_CASE("a budget is not saved up without end; none is no limit") {
  retry_budget budget(100, start);
  for (int i = 0; i < 200'000; ++i)
    budget.started_first();
  CHECK(taken(budget, 1'000'000, start) == 50'000);
  retry_budget unlimited(0, start);
  CHECK(taken(unlimited, 1'000, start) == 1'000);
}
