// What becomes of targets that are to be tried again.
#include <doctest/doctest.h>

#include <set>

#include "tests/unit/actors/sender_driver.hpp"

using namespace pusher;
using namespace pusher::testing;

TEST_CASE("Retry-After sets the due time, rounded up to a tenth of a second") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(1)));
  d.run();
  auto later = verdict_of(verdict_kind::retry, "QUOTA_EXCEEDED");
  later.retry_after_ms = 1440;
  d.answer(d.orders[0].id, 0, later);
  d.run();
  REQUIRE(d.commits.size() == 1);
  REQUIRE(d.commits[0].aside.size() == 1);
  CHECK(d.commits[0].aside[0].due_at == start + 1500);
  CHECK(d.commits[0].results.results.empty());
}

TEST_CASE("without Retry-After the gateway's least wait and our cap bound the due time") {
  for (int tries = 0; tries < 50; ++tries) {
    sender_machine machine({}, static_cast<uint32_t>(tries));
    machine.capacity(fcm_route, 100, false);
    machine.claimed(fcm_route, {claim_of(batch_of(1))}, false, start);
    machine.content_loaded({7}, hello(), start);
    auto submitted = std::get<sender_machine::submit>(machine.next(start));
    auto later = verdict_of(verdict_kind::retry, "UNAVAILABLE");
    later.minimum_wait_ms = 10'000;
    machine.answered(outlet, {{submitted.order.id, 0, later}}, start);
    auto commit = std::get<sender_machine::commit>(machine.next(start));
    auto due = commit.commits->front().aside.at(0).due_at;
    CHECK(due >= start + 10'000);
    CHECK(due <= start + 61'000);
  }
}

TEST_CASE("a target whose attempts are used up is failed") {
  auto batch = batch_of(1);
  batch.targets[0].attempts = 4;
  sender_driver d;
  d.waiting.push_back(claim_of(batch));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::retry, "INTERNAL"));
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].results.results.at(0).outcome == outcome::failed);
  CHECK(d.commits[0].results.results.at(0).code == "INTERNAL");
  CHECK(d.commits[0].results.results.at(0).attempts == 5);
}

TEST_CASE("a retry that would come after the time-to-live is expired") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(1, start + 4000)));
  d.run();
  auto later = verdict_of(verdict_kind::retry, "UNAVAILABLE");
  later.retry_after_ms = 10'000;
  d.answer(d.orders[0].id, 0, later);
  d.run();
  CHECK(d.commits.at(0).results.results.at(0).outcome == outcome::expired);
}

TEST_CASE("an unknown outcome is final by default and retried only when duplicates are allowed") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(1)));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::unknown));
  d.run();
  CHECK(d.commits.at(0).results.results.at(0).outcome == outcome::unknown);

  sender_machine lenient({}, 1);
  lenient.capacity(fcm_route, 100, false);
  lenient.claimed(fcm_route, {claim_of(batch_of(1))}, false, start);
  auto allowing = hello();
  allowing.allow_duplicates = true;
  lenient.content_loaded({7}, allowing, start);
  auto submitted = std::get<sender_machine::submit>(lenient.next(start));
  lenient.answered(outlet, {{submitted.order.id, 0, verdict_of(verdict_kind::unknown)}}, start);
  auto commit = std::get<sender_machine::commit>(lenient.next(start));
  CHECK(commit.commits->front().aside.size() == 1);
}

TEST_CASE("at most four retry batches are made of one batch") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(9)));
  d.run();
  for (uint32_t i = 0; i < 9; ++i) {
    auto later = verdict_of(verdict_kind::retry, "QUOTA_EXCEEDED");
    later.retry_after_ms = 1000 * (i + 1);
    d.answer(d.orders[0].id, i, later);
  }
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].aside.size() == 4);
  std::set<uint64_t> devices;
  for (const auto& aside : d.commits[0].aside) {
    for (const auto& target : aside.batch.targets) {
      devices.insert(target.device.value);
      // Merging may make a target wait longer, never shorter.
      CHECK(aside.due_at >= start + static_cast<utc_ms>(1000 * target.device.value));
    }
  }
  CHECK(devices.size() == 9);
}

TEST_CASE("a retry does not wait for the slowest target of its batch") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  auto later = verdict_of(verdict_kind::retry, "QUOTA_EXCEEDED");
  later.retry_after_ms = 1000;
  d.answer(d.orders[0].id, 0, later);
  d.now += 1000;
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK_FALSE(d.commits[0].finished);
  CHECK(d.commits[0].aside.size() == 1);
  auto progress = decode_batch_progress(d.commits[0].progress);
  REQUIRE(progress);
  CHECK(progress->done == std::vector<bool>{true, false});
  CHECK(progress->retries.empty());
}

TEST_CASE("jobs put aside by one owner and by the next have different names") {
  sender_bounds bounds;
  sender_driver d(bounds);
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  auto later = verdict_of(verdict_kind::retry, "QUOTA_EXCEEDED");
  later.retry_after_ms = 1000;
  d.answer(d.orders[0].id, 0, later);
  d.now += 1000;
  d.run();
  auto first = d.commits.at(0);
  auto taken = claim_of(batch_of(3));
  taken.token = "2";
  taken.sequence = 1;
  taken.progress = first.progress;
  sender_driver next(bounds);
  next.waiting.push_back(taken);
  next.run();
  for (uint32_t number : next.orders.at(0).numbers)
    next.answer(next.orders[0].id, number, later);
  next.run();
  REQUIRE(next.commits.at(0).aside.size() == 1);
  CHECK(next.commits[0].aside[0].name != first.aside.at(0).name);
}

TEST_CASE(
    "batches that may have killed their senders are sent one at a time, after the others have recorded a "
    "step") {
  sender_driver driver;
  driver.waiting = {claim_of(batch_of(1), "1-0", 3), claim_of(batch_of(1), "2-0", 3),
                    claim_of(batch_of(1), "3-0")};
  driver.run();
  // The first of the two, and the one that nobody suspects.
  CHECK(driver.orders.size() == 2);
  REQUIRE(driver.commits.size() == 1);
  CHECK(driver.commits[0].entry == "2-0");
  CHECK_FALSE(driver.commits[0].finished);
  CHECK(driver.commits[0].progress.empty());
  CHECK(driver.commits[0].expected_sequence == 0);
  driver.answer(driver.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  driver.run();
  CHECK(driver.orders.size() == 3);
  driver.answer(driver.orders[2].id, 0, verdict_of(verdict_kind::accepted));
  driver.run();
  CHECK(driver.commits.back().entry == "2-0");
  CHECK(driver.commits.back().finished);
  CHECK(driver.commits.back().expected_sequence == 0);
}
