// What changes while a batch is here: its notification is paused or canceled, credentials come and go.
#include <doctest/doctest.h>

#include <map>

#include "tests/unit/actors/sender_driver.hpp"

using namespace pusher;
using namespace pusher::testing;

TEST_CASE("what is paused is called back, and handed back to be held") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  REQUIRE(d.orders.size() == 1);
  d.controls = {1, {{{7}, control::paused}}};
  d.machine.controls_are_at(1);
  d.run();
  REQUIRE(d.withdrawn == std::vector<uint64_t>{d.orders[0].id});
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));  // was in flight
  for (uint32_t number : {1U, 2U})
    d.answer(d.orders[0].id, number, verdict_of(verdict_kind::unsent));
  d.now += 1000;
  d.run();
  REQUIRE(!d.commits.empty());
  const auto& last = d.commits.back();
  CHECK(last.finished);
  REQUIRE(last.aside.size() == 1);
  CHECK(last.aside[0].held);
  CHECK(last.aside[0].batch.targets.size() == 2);
  CHECK(d.orders.size() == 1);
  CHECK(d.machine.open_batches() == 0);
}

TEST_CASE("what is canceled gets its outcome without being sent, its retries too") {
  sender_driver d;
  d.controls = {1, {{{7}, control::canceled}}};
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  REQUIRE(d.orders.size() == 1);  // nobody has heard of it yet
  d.machine.controls_are_at(1);
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::retry, "UNAVAILABLE"));
  d.answer(d.orders[0].id, 1, verdict_of(verdict_kind::unsent));
  d.now += 1000;
  d.waiting.push_back(claim_of(batch_of(2), "2-0"));
  d.machine.woken();
  d.run();
  CHECK(d.orders.size() == 1);
  size_t canceled = 0;
  for (const auto& commit : d.commits)
    for (const auto& each : commit.results.results) {
      CHECK(each.outcome == outcome::canceled);
      ++canceled;
    }
  CHECK(canceled == 4);
  CHECK(d.machine.open_batches() == 0);
}

TEST_CASE("what was released goes on") {
  sender_driver d;
  d.controls = {2, {{{7}, control::released}}};
  d.machine.controls_are_at(2);
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  CHECK(d.orders.size() == 1);
}

TEST_CASE("an application without a transport here is not claimed for, another one is") {
  sender_driver d;
  d.machine.capacity({{2}, channel::fcm}, 100, false);
  d.machine.unserved(fcm_route);
  std::vector<push_route> claimed_for;
  for (int i = 0; i < 4; ++i) {
    auto action = d.machine.next(start);
    auto* claim = std::get_if<sender_machine::claim_work>(&action);
    if (!claim) break;
    claimed_for.push_back(claim->route);
    d.machine.claimed(claim->route, {}, false, start);
  }
  CHECK(claimed_for == std::vector<push_route>{{{2}, channel::fcm}});
}

TEST_CASE("what waits when a route loses its transport goes back into the journal unharmed") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  d.machine.unserved(fcm_route);
  for (uint32_t i = 0; i < 3; ++i)
    d.answer(d.orders[0].id, i, verdict_of(verdict_kind::unsent));
  d.now += 100;
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].finished);
  CHECK(d.commits[0].results.results.empty());
  REQUIRE(d.commits[0].aside.size() == 1);
  CHECK(d.commits[0].aside[0].batch.targets.size() == 3);
  CHECK(d.commits[0].aside[0].batch.targets[0].attempts == 0);
  CHECK(d.orders.size() == 1);
}

TEST_CASE("what waits when the last credential is gone is skipped, and what was answered stays as it is") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  d.machine.closed(fcm_route);
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.answer(d.orders[0].id, 1, verdict_of(verdict_kind::unsent));
  d.answer(d.orders[0].id, 2, verdict_of(verdict_kind::unsent));
  d.now += 100;
  d.run();
  REQUIRE(d.commits.size() == 2);
  REQUIRE(d.commits[0].results.results.size() == 1);
  CHECK(d.commits[0].results.results[0].outcome == outcome::accepted);
  CHECK(d.commits[1].finished);
  auto& results = d.commits[1].results.results;
  REQUIRE(results.size() == 2);
  for (size_t i : {0, 1}) {
    CHECK(results[i].outcome == outcome::skipped);
    CHECK(results[i].code == no_credential_rule);
    CHECK(results[i].attempts == 0);
  }
}

TEST_CASE("batches of a route without any credential are claimed to be skipped") {
  sender_driver d;
  d.machine.closed(fcm_route);
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  CHECK(d.orders.empty());
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].results.results.size() == 2);
  CHECK(d.machine.counters().outcomes[outcome::skipped] == 2);
}

TEST_CASE("answers of two transports of a route free each its own window") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.answer(d.orders[0].id, 1, verdict_of(verdict_kind::unsent));
  d.now += 100;
  std::map<outlet_id, size_t> released;
  d.machine.answered(2, {{d.orders[0].id, 2, verdict_of(verdict_kind::accepted)}}, d.now);
  auto action = d.machine.next(d.now);
  while (!std::holds_alternative<sender_machine::commit>(action)) {
    std::visit([&](auto& what) { d.perform(what); }, action);
    action = d.machine.next(d.now);
  }
  journal::recorded done;
  done.status.assign(std::get<sender_machine::commit>(action).commits->size(), commit_status::done);
  d.machine.committed(done);
  CHECK(d.machine.take_released() == std::map<outlet_id, size_t>{{1, 1}, {2, 1}});
  CHECK(d.machine.take_released().empty());
}
