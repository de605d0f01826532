#include "storage/lease_store.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "leading_fixture.hpp"

using namespace pusher;
using namespace pusher::testing;

TEST_CASE_FIXTURE(leading_fixture, "one of two candidates leads until its lease has run out or is freed") {
  CHECK_FALSE(lease.acquire("other", 60'000)->has_value());
  CHECK(**lease.acquire("leader", 60'000) == epoch);
  CHECK(lease.renew("leader", epoch, 60'000).ok());
  CHECK(lease.renew("other", epoch, 60'000).failure().code == errc::fenced);

  // It runs out by the database's clock.
  REQUIRE(lease.renew("leader", epoch, 50).ok());
  std::optional<uint64_t> taken;
  CHECK(eventually([&] { return (taken = *lease.acquire("other", 60'000)).has_value(); }));
  CHECK(*taken == epoch + 1);
  CHECK(lease.renew("leader", epoch, 60'000).failure().code == errc::fenced);

  CHECK(lease.release("leader", epoch).ok());
  CHECK_FALSE(lease.acquire("leader", 60'000)->has_value());
  CHECK(lease.release("other", *taken).ok());
  CHECK(**lease.acquire("leader", 60'000) == epoch + 2);
}

TEST_CASE_FIXTURE(
    leading_fixture,
    "a holder whose lease ran out leads under a new epoch, and a successor takes over at once") {
  change(db, "UPDATE lease SET ends_at = 1");
  CHECK(**lease.acquire("leader", 60'000) == epoch + 1);
  CHECK_FALSE(lease.acquire("successor", 60'000)->has_value());
  CHECK(**lease.acquire("successor", 60'000, "leader") == epoch + 2);
}

TEST_CASE_FIXTURE(leading_fixture, "of candidates that race for a free lease exactly one leads") {
  REQUIRE(lease.release("leader", epoch).ok());
  std::atomic<int> leaders{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, i] {
      database own(shared_stores().mysql);
      auto taken = lease_store(own).acquire("candidate " + std::to_string(i), 60'000);
      if (taken.ok() && taken->has_value()) ++leaders;
    });
  for (auto& each : threads)
    each.join();
  CHECK(leaders == 1);
}
