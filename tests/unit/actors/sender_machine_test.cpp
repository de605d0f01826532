#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/actors/sender_driver.hpp"

using namespace pusher;
using namespace pusher::testing;

TEST_CASE("a claimed batch is submitted once and finished with one result per target") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  REQUIRE(d.orders.size() == 1);
  CHECK(d.orders[0].targets.size() == 3);
  for (uint32_t i = 0; i < 3; ++i)
    d.answer(d.orders[0].id, i, verdict_of(verdict_kind::accepted));
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].finished);
  CHECK(d.commits[0].results.results.size() == 3);
  CHECK(d.commits[0].results.results[0].attempts == 1);
  CHECK(d.released == 3);
  CHECK(d.machine.open_batches() == 0);
}

TEST_CASE("small batches are claimed many at a time, and their contents loaded together") {
  sender_driver d;
  for (uint64_t i = 1; i <= 100; ++i) {
    auto batch = batch_of(1);
    batch.notification = {i};
    d.waiting.push_back(claim_of(batch, std::to_string(i) + "-0"));
  }
  auto most = sender_bounds().most_batches_per_claim;
  std::vector<size_t> claimed, loaded;
  for (size_t left = d.waiting.size(); left > 0;) {
    d.machine.woken();
    for (;;) {
      auto action = d.machine.next(d.now);
      if (auto* load = std::get_if<sender_machine::load_contents>(&action))
        loaded.push_back(load->keys.size());
      if (std::holds_alternative<sender_machine::idle>(action)) break;
      std::visit([&](auto& what) { d.perform(what); }, action);
    }
    claimed.push_back(left - d.waiting.size());
    left = d.waiting.size();
  }
  CHECK(claimed == std::vector<size_t>{4, most, most, most});
  CHECK(loaded == claimed);
  CHECK(d.orders.size() == 100);
  // Large ones are as few as ever.
  d.waiting.push_back(claim_of(batch_of(500), "200-0"));
  d.machine.woken();
  d.run();
  d.machine.woken();
  auto action = d.machine.next(d.now);
  CHECK(std::get<sender_machine::claim_work>(action).batches == 4);
}

TEST_CASE("progress is recorded after the interval although the batch is not finished") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.run();
  CHECK(d.commits.empty());
  d.now += 100;
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK_FALSE(d.commits[0].finished);
  CHECK(d.commits[0].expected_sequence == 0);
  auto progress = decode_batch_progress(d.commits[0].progress);
  REQUIRE(progress);
  CHECK(progress->done == std::vector<bool>{true, false});
}

TEST_CASE("progress is recorded at once when enough answers wait") {
  sender_bounds bounds;
  bounds.record_answers = 2;
  sender_driver d(bounds);
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.answer(d.orders[0].id, 2, verdict_of(verdict_kind::accepted));
  d.run();
  CHECK(d.commits.size() == 1);
  CHECK(d.released == 2);
}

TEST_CASE("a batch taken over resumes after its last progress record") {
  batch_progress before;
  before.done = {true, false, false};
  before.retries.push_back({1, 2, start + 5000, "UNAVAILABLE"});
  auto taken = claim_of(batch_of(3));
  taken.token = "2";
  taken.sequence = 4;
  taken.progress = encode(before);
  sender_driver d;
  d.waiting.push_back(taken);
  d.run();
  REQUIRE(d.orders.size() == 1);
  CHECK(d.orders[0].numbers == std::vector<uint32_t>{2});
  d.answer(d.orders[0].id, 2, verdict_of(verdict_kind::accepted));
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].expected_sequence == 4);
  CHECK(d.commits[0].token == "2");
  REQUIRE(d.commits[0].aside.size() == 1);
  CHECK(d.commits[0].aside[0].due_at == start + 5000);
  CHECK(d.commits[0].aside[0].batch.targets[0].device == device_key{2});
  CHECK(d.commits[0].aside[0].batch.targets[0].attempts == 2);
}

TEST_CASE("an expired batch is never submitted") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(5, start)));
  d.run();
  CHECK(d.orders.empty());
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].results.results.size() == 5);
  CHECK(d.commits[0].results.results[0].outcome == outcome::expired);
}

TEST_CASE("a dead token is reported by its digest") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(1)));
  d.run();
  auto dead = verdict_of(verdict_kind::unregistered, "UNREGISTERED");
  dead.unregistered_at = start - 1;
  d.answer(d.orders[0].id, 0, dead);
  d.run();
  const auto& result = d.commits.at(0).results.results.at(0);
  CHECK(result.token == sha256("token-1"));
  CHECK(result.unregistered_at == start - 1);
}

TEST_CASE("a failed record is repeated unchanged, with later answers in the next one") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.now += 100;
  auto first = std::get<sender_machine::commit>(d.machine.next(d.now));
  auto sent = first.commits->front();
  d.machine.store_failed(d.now);
  d.answer(d.orders[0].id, 1, verdict_of(verdict_kind::accepted));
  CHECK(std::holds_alternative<sender_machine::idle>(d.machine.next(d.now)));
  d.now += 500;
  auto again = std::get<sender_machine::commit>(d.machine.next(d.now));
  REQUIRE(again.commits->size() == 1);
  CHECK(again.commits->front().expected_sequence == sent.expected_sequence);
  CHECK(again.commits->front().results.results.size() == 1);
  d.run();
  REQUIRE(d.commits.size() == 2);
  CHECK(d.commits[1].finished);
  CHECK(d.commits[1].expected_sequence == 1);
}

TEST_CASE("a lost claim is dropped and its targets are called back") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.now += 100;
  d.next_status = commit_status::fenced;
  d.run();
  CHECK(d.withdrawn == std::vector<uint64_t>{d.orders[0].id});
  CHECK(d.machine.open_batches() == 0);
  // The late answer of a lost batch no longer occupies the window.
  d.answer(d.orders[0].id, 1, verdict_of(verdict_kind::accepted));
  CHECK(d.released + d.machine.take_released()[outlet] == 2);
}

TEST_CASE("one lost claim calls back the targets of all others until the journal was asked whose they are") {
  sender_driver d;
  for (const char* entry : {"1-0", "2-0", "3-0"})
    d.waiting.push_back(claim_of(batch_of(2), entry));
  d.run();
  REQUIRE(d.orders.size() == 3);
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.now += 100;
  d.status_of = {{"1-0", commit_status::fenced}, {"2-0", commit_status::fenced}};
  d.run();
  // Of the second nothing was answered yet: only asking shows that it is lost as well.
  CHECK(d.withdrawn == std::vector<uint64_t>{d.orders[0].id, d.orders[1].id, d.orders[2].id, d.orders[1].id});
  REQUIRE(d.commits.size() == 3);
  CHECK_FALSE(d.commits[0].asks);
  CHECK((d.commits[1].asks && d.commits[2].asks));
  CHECK(d.commits[2].expected_sequence == 0);
  CHECK(d.machine.open_batches() == 1);
  CHECK_FALSE(d.machine.doubts_claims());
  // What came back of the one that is ours goes out again.
  for (uint32_t i : {0, 1})
    d.answer(d.orders[2].id, i, verdict_of(verdict_kind::unsent));
  d.now += 100;
  d.run();
  REQUIRE(d.orders.size() == 4);
  CHECK(d.orders[3].id == d.orders[2].id);
}

TEST_CASE("while another sender of the process sends a suspect ours wait, and say so") {
  sender_driver d;
  d.machine.may_send_suspects(false);
  d.waiting = {claim_of(batch_of(1), "1-0", 2), claim_of(batch_of(1), "2-0")};
  d.run();
  CHECK(d.machine.holds_suspects());
  CHECK(d.machine.holds_suspects("1.fcm.production.campaign"));
  CHECK_FALSE(d.machine.holds_suspects("1.apns.production.campaign"));
  // Only the innocent one goes out; the record of the other says that it waits.
  REQUIRE(d.orders.size() == 1);
  CHECK(d.orders[0].id == 2);
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].entry == "1-0");
  CHECK(d.commits[0].progress.empty());
  d.machine.may_send_suspects(true);
  d.run();
  CHECK(d.orders.size() == 2);
}

TEST_CASE("while it is in doubt whose a claim is, windows stay as they are") {
  sender_driver d;
  d.waiting = {claim_of(batch_of(2), "1-0"), claim_of(batch_of(2), "2-0")};
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.now += 100;
  auto sent = std::get<sender_machine::commit>(d.machine.next(d.now));
  REQUIRE(sent.commits->size() == 1);
  journal::recorded lost;
  lost.status = {commit_status::fenced};
  d.machine.committed(lost);
  CHECK(d.machine.doubts_claims());
  d.machine.store_failed(d.now);
  d.run();
  CHECK(d.machine.doubts_claims());
  d.now += 500;
  d.run();
  CHECK_FALSE(d.machine.doubts_claims());
}

TEST_CASE("a batch that ended three claims without progress is split, a single target is not") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(20), "1-0", 3));
  d.waiting.push_back(claim_of(batch_of(1), "2-0", 3));
  d.run();
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].finished);
  CHECK(d.commits[0].aside.size() == 8);
  size_t targets = 0;
  for (const auto& part : d.commits[0].aside) {
    CHECK(part.due_at == 0);
    CHECK(part.strikes > 0);
    targets += part.batch.targets.size();
  }
  CHECK(targets == 20);
  CHECK(d.orders.size() == 1);
}

TEST_CASE("an unreadable batch or progress record goes to the dead letters") {
  sender_driver d;
  auto broken = claim_of(batch_of(1));
  broken.payload = "nonsense";
  auto odd = claim_of(batch_of(1), "2-0");
  odd.progress = "nonsense";
  d.waiting = {broken, odd};
  d.run();
  CHECK(d.buried == std::vector<std::string>{"1-0", "2-0"});
  CHECK(d.orders.empty());
}

TEST_CASE("what comes back unsent is submitted again after a pause and is not an attempt") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(1)));
  d.run();
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::unsent));
  d.run();
  CHECK(d.orders.size() == 1);
  d.now += 100;
  d.run();
  REQUIRE(d.orders.size() == 2);
  d.answer(d.orders[1].id, 0, verdict_of(verdict_kind::accepted));
  d.run();
  CHECK(d.commits.at(0).results.results.at(0).attempts == 1);
}

TEST_CASE("draining hands back what was not sent and waits for what was") {
  sender_driver d;
  d.waiting.push_back(claim_of(batch_of(3)));
  d.run();
  d.machine.drain();
  d.answer(d.orders[0].id, 1, verdict_of(verdict_kind::unsent));
  d.answer(d.orders[0].id, 2, verdict_of(verdict_kind::unsent));
  d.run();
  CHECK_FALSE(d.machine.drained());
  d.answer(d.orders[0].id, 0, verdict_of(verdict_kind::accepted));
  d.run();
  CHECK(d.machine.drained());
  REQUIRE(d.commits.back().finished);
  REQUIRE(d.commits.back().aside.size() == 1);
  CHECK(d.commits.back().aside[0].due_at == 0);
  CHECK(d.commits.back().aside[0].batch.targets.size() == 2);
  CHECK(d.commits.back().aside[0].batch.targets[0].attempts == 0);
}

TEST_CASE("nothing is claimed while too many results wait") {
  sender_driver d;
  d.machine.results_wait(1'000'000);
  d.waiting.push_back(claim_of(batch_of(1)));
  d.run();
  CHECK(d.orders.empty());
  d.machine.results_wait(0);
  d.run();
  CHECK(d.orders.size() == 1);
}

TEST_CASE("whatever the gateway answers in whatever order, every target ends exactly once") {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::minstd_rand random(seed);
    sender_bounds bounds;
    bounds.record_answers = 4;
    sender_driver d(bounds);
    std::map<uint64_t, int> ended;
    d.waiting.push_back(claim_of(batch_of(40), "1-0"));
    int entry = 1;
    for (int round = 0; round < 400 && !(d.waiting.empty() && d.machine.open_batches() == 0); ++round) {
      d.machine.woken();
      d.run();
      std::vector<push_answer> answers;
      for (auto& order : d.orders) {
        for (size_t i = 0; i < order.numbers.size(); ++i) {
          auto draw = random() % 10;
          auto kind = draw < 5   ? verdict_kind::accepted
                      : draw < 6 ? verdict_kind::rejected
                      : draw < 8 ? verdict_kind::retry
                      : draw < 9 ? verdict_kind::unsent
                                 : verdict_kind::unknown;
          answers.push_back({order.id, order.numbers[i], verdict_of(kind)});
        }
      }
      d.orders.clear();
      std::shuffle(answers.begin(), answers.end(), random);
      for (auto& each : answers) {
        d.machine.answered(outlet, {each}, d.now);
        if (random() % 4 == 0) d.now += 60;
        if (random() % 3 == 0) d.run();
      }
      d.now += 1000;
      d.run();
      for (auto& commit : d.commits) {
        for (auto& result : commit.results.results)
          ++ended[result.device.value];
        for (auto& aside : commit.aside)
          d.waiting.push_back(claim_of(aside.batch, std::to_string(++entry) + "-0"));
      }
      d.commits.clear();
    }
    CAPTURE(seed);
    REQUIRE(ended.size() == 40);
    for (const auto& [device, times] : ended)
      CHECK(times == 1);
  }
}
