#include "actors/sender_machine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace pusher;

namespace {

constexpr utc_ms start = 1'800'000'000'000;
const push_route fcm_route{{1}, channel::fcm};
constexpr outlet_id outlet = 1;

push_batch batch_of(size_t targets, utc_ms expires_at = start + 3'600'000) {
  push_batch batch;
  batch.notification = {7};
  batch.expires_at = expires_at;
  for (size_t i = 0; i < targets; ++i)
    batch.targets.push_back({{i + 1}, "token-" + std::to_string(i + 1), 0});
  return batch;
}

claim claim_of(const push_batch& batch, const std::string& entry = "1-0", unsigned strikes = 0) {
  claim made;
  made.queue = "1.fcm.production.campaign";
  made.entry = entry;
  made.token = "1";
  made.payload = encode(batch);
  made.strikes = strikes;
  return made;
}

message hello() {
  message made;
  made.key = {7};
  made.content.title = "hello";
  return made;
}

verdict verdict_of(verdict_kind kind, std::string code = "") {
  verdict made;
  made.kind = kind;
  made.code = std::move(code);
  return made;
}

/// Performs the machine's actions until it waits, with a store that always works and a transport that the
/// test plays.
struct driver {
  explicit driver(sender_bounds bounds = {}) : machine(bounds, 1) { machine.capacity(fcm_route, 100, false); }

  void run() {
    for (;;) {
      auto action = machine.next(now);
      if (std::holds_alternative<sender_machine::idle>(action)) return;
      std::visit([this](auto& what) { perform(what); }, action);
    }
  }
  void perform(sender_machine::idle&) {}
  void perform(sender_machine::claim_work& what) {
    std::vector<claim> given;
    while (!what.urgent_only && !waiting.empty() && given.size() < what.batches) {
      given.push_back(waiting.front());
      waiting.erase(waiting.begin());
    }
    machine.claimed(what.route, std::move(given), false, now);
  }
  void perform(sender_machine::load_controls&) { machine.controlled(controls); }
  void perform(sender_machine::reserve& what) {
    machine.reserved(what.order, rate_free_at, now);
    rate_free_at += static_cast<utc_ms>(what.targets * 1000 / what.per_second);
  }
  void perform(sender_machine::load_contents& what) {
    for (auto key : what.keys)
      machine.content_loaded(key, hello(), now);
  }
  void perform(sender_machine::submit& what) { orders.push_back(std::move(what.order)); }
  void perform(sender_machine::withdraw& what) { withdrawn.push_back(what.order); }
  void perform(sender_machine::bury& what) { buried.push_back(what.what.entry); }
  void perform(sender_machine::commit& what) {
    journal::recorded outcome;
    for (const auto& each : *what.commits) {
      commits.push_back(each);
      outcome.status.push_back(next_status);
    }
    machine.committed(outcome);
    released += machine.take_released()[outlet];
  }
  void answer(uint64_t order, uint32_t number, verdict what) {
    machine.answered(outlet, {{order, number, std::move(what)}}, now);
  }

  sender_machine machine;
  utc_ms now = start;
  utc_ms rate_free_at = start;
  std::vector<claim> waiting;
  std::vector<push_order> orders;
  std::vector<uint64_t> withdrawn;
  std::vector<std::string> buried;
  std::vector<progress_commit> commits;
  journal::controls controls;
  commit_status next_status = commit_status::done;
  size_t released = 0;
};

}  // namespace

TEST_CASE("a claimed batch is submitted once and finished with one result per target") {
  driver d;
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
  driver d;
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
  driver d;
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
  driver d(bounds);
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
  driver d;
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

TEST_CASE("Retry-After sets the due time, rounded up to a second") {
  driver d;
  d.waiting.push_back(claim_of(batch_of(1)));
  d.run();
  auto later = verdict_of(verdict_kind::retry, "QUOTA_EXCEEDED");
  later.retry_after_ms = 1500;
  d.answer(d.orders[0].id, 0, later);
  d.run();
  REQUIRE(d.commits.size() == 1);
  REQUIRE(d.commits[0].aside.size() == 1);
  CHECK(d.commits[0].aside[0].due_at == start + 2000);
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
  driver d;
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
  driver d;
  d.waiting.push_back(claim_of(batch_of(1, start + 4000)));
  d.run();
  auto later = verdict_of(verdict_kind::retry, "UNAVAILABLE");
  later.retry_after_ms = 10'000;
  d.answer(d.orders[0].id, 0, later);
  d.run();
  CHECK(d.commits.at(0).results.results.at(0).outcome == outcome::expired);
}

TEST_CASE("an expired batch is never submitted") {
  driver d;
  d.waiting.push_back(claim_of(batch_of(5, start)));
  d.run();
  CHECK(d.orders.empty());
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].results.results.size() == 5);
  CHECK(d.commits[0].results.results[0].outcome == outcome::expired);
}

TEST_CASE("an unknown outcome is final by default and retried only when duplicates are allowed") {
  driver d;
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

TEST_CASE("a dead token is reported by its digest") {
  driver d;
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

TEST_CASE("at most four retry batches are made of one batch") {
  driver d;
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
  driver d;
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
  driver d(bounds);
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
  driver next(bounds);
  next.waiting.push_back(taken);
  next.run();
  for (uint32_t number : next.orders.at(0).numbers)
    next.answer(next.orders[0].id, number, later);
  next.run();
  REQUIRE(next.commits.at(0).aside.size() == 1);
  CHECK(next.commits[0].aside[0].name != first.aside.at(0).name);
}

TEST_CASE("a failed record is repeated unchanged, with later answers in the next one") {
  driver d;
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
  driver d;
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

TEST_CASE("a batch that ended three claims without progress is split, a single target is not") {
  driver d;
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
  driver d;
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
  driver d;
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
  driver d;
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
  driver d;
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
    driver d(bounds);
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

TEST_CASE("what is paused is called back, and handed back to be held") {
  driver d;
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
  driver d;
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
  driver d;
  d.controls = {2, {{{7}, control::released}}};
  d.machine.controls_are_at(2);
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  CHECK(d.orders.size() == 1);
}

// -- credentials that come and go --

TEST_CASE("an application without a transport here is not claimed for, another one is") {
  driver d;
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
  driver d;
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
  driver d;
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
  driver d;
  d.machine.closed(fcm_route);
  d.waiting.push_back(claim_of(batch_of(2)));
  d.run();
  CHECK(d.orders.empty());
  REQUIRE(d.commits.size() == 1);
  CHECK(d.commits[0].results.results.size() == 2);
  CHECK(d.machine.counters().outcomes[outcome::skipped] == 2);
}

TEST_CASE("answers of two transports of a route free each its own window") {
  driver d;
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
