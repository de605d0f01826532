#include "storage/journal.hpp"
#include "storage/journal_keys.hpp"

#include <doctest/doctest.h>

#include "model/clock.hpp"
#include "private_stores.hpp"
#include "storage/journal_codec.hpp"
#include "storage/journal_foundation.hpp"

using namespace pusher;

namespace {

/// The Redis that this program's tests share; each test begins with an empty one.
const redis_settings& private_redis() {
  return testing::shared_stores().redis;
}

const push_queue queue{{1}, gateway::fcm, environment::production, lane::campaign};

struct fixture {
  fixture() {
    REQUIRE(raw.command({"FLUSHALL"}));
    REQUIRE(first.create());
    REQUIRE(first.heartbeat("n1/b1", 60'000));
    REQUIRE(second.heartbeat("n2/b2", 60'000));
    REQUIRE(first.raise_epoch(1));
  }

  static push_batch batch(size_t targets, uint64_t from = 1) {
    push_batch made;
    made.notification = {7};
    made.expires_at = now_ms() + 1'000'000;
    for (size_t i = 0; i < targets; ++i)
      made.targets.push_back({{from + i}, "token-" + std::to_string(from + i), 0});
    return made;
  }

  page_commit page(uint64_t from, uint64_t to, size_t targets) {
    page_commit made;
    made.notification = {7};
    made.epoch = 1;
    made.expected_cursor = from;
    made.new_cursor = to;
    if (targets > 0) made.batches.emplace_back(queue, batch(targets, from + 1));
    return made;
  }

  void begin() {
    message content;
    content.key = {7};
    content.content.title = "hello";
    REQUIRE(first.begin_fan_out(1, {{&content, {}}}).at(0));
  }

  static result<page_committed> commit(journal& by, const page_commit& what) {
    return by.commit_pages({what}).at(0);
  }
  static result<bool> forget(journal& by) { return by.forget({{7}}).at(0); }

  progress_commit commit_of(const claim& claimed, size_t results, bool finished) {
    progress_commit made;
    made.queue = claimed.queue;
    made.entry = claimed.entry;
    made.token = claimed.token;
    made.expected_sequence = claimed.sequence;
    made.finished = finished;
    made.results.notification = {7};
    for (size_t i = 0; i < results; ++i) {
      push_result each;
      each.device = {i + 1};
      each.outcome = outcome::accepted;
      made.results.results.push_back(each);
    }
    batch_progress progress;
    progress.done.assign(4, false);
    if (!finished) made.progress = encode(progress);
    return made;
  }

  commit_status record(journal& by, const progress_commit& what) {
    auto made = by.record({what});
    REQUIRE(made);
    return made->status.at(0);
  }

  redis raw{private_redis()};
  journal first{private_redis(), "run-a", "n1/b1/push-sender/0"};
  journal second{private_redis(), "run-a", "n2/b2/push-sender/0"};
};

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "a journal is recognised by its run id; a missing or foreign one is lost, never empty") {
  CHECK(first.check());
  CHECK(first.create());
  journal foreign(private_redis(), "run-b", "n1/b1/api/0");
  CHECK(foreign.check().failure().code == errc::journal_lost);
  CHECK(foreign.create().failure().code == errc::journal_lost);
  REQUIRE(raw.command({"FLUSHALL"}));
  CHECK(first.check().failure().code == errc::journal_lost);
  CHECK(first.raise_epoch(2).failure().code == errc::journal_lost);
  CHECK(commit(first, page(0, 10, 1)).failure().code == errc::journal_lost);
  CHECK(first.promote(10).failure().code == errc::journal_lost);
  CHECK(first.claim_results(1).failure().code == errc::journal_lost);
}

TEST_CASE_FIXTURE(fixture, "a page is committed once, however often it is repeated") {
  begin();
  auto made = commit(first, page(0, 10, 3));
  REQUIRE(made);
  CHECK(made->status == commit_status::done);
  CHECK(made->audience == 3);
  auto again = commit(first, page(0, 10, 3));
  REQUIRE(again);
  CHECK(again->status == commit_status::done);
  CHECK(again->audience == 3);
  CHECK(*first.pending({7}) == 3);
  auto claims = first.claim_batches(queue.name(), 10);
  REQUIRE(claims);
  CHECK(claims->size() == 1);
  CHECK(first.outstanding({queue.name()})->at(0) == 3);
}

TEST_CASE_FIXTURE(fixture, "a page of an older epoch or another cursor is refused and changes nothing") {
  begin();
  REQUIRE(second.raise_epoch(2));
  auto refused = commit(first, page(0, 10, 3));
  REQUIRE(refused);
  CHECK(refused->status == commit_status::fenced);
  CHECK(second.raise_epoch(1)->status == commit_status::fenced);
  auto wrong_cursor = page(5, 10, 3);
  wrong_cursor.epoch = 2;
  CHECK(commit(second, wrong_cursor)->status == commit_status::fenced);
  CHECK(*first.pending({7}) == 0);
  CHECK(first.queues()->empty());
}

TEST_CASE_FIXTURE(fixture, "what a leader asked before it took its epoch's turn anew comes too late") {
  begin();
  CHECK(second.raise_epoch(1)->status == commit_status::done);  // as the same leader does after a lost reply
  CHECK(commit(first, page(0, 10, 3))->status == commit_status::fenced);
  message content;
  content.key = {7};
  CHECK(first.begin_fan_out(1, {{&content, {}}}).at(0)->status == commit_status::fenced);
  CHECK(commit(second, page(0, 10, 3))->status == commit_status::done);
}

TEST_CASE_FIXTURE(fixture, "of pages that are committed together each has an outcome of its own") {
  message one, other;
  one.key = {7};
  other.key = {8};
  auto begun = first.begin_fan_out(1, {{&one, {}}, {&other, {30}}});
  REQUIRE(begun.size() == 2);
  CHECK(begun[0]->position == 0);
  CHECK(begun[1]->position == 30);
  auto contents = first.contents({{8}, {9}, {7}});
  REQUIRE(contents->size() == 3);
  CHECK(contents->at(0)->key == notification_key{8});
  CHECK_FALSE(contents->at(1).has_value());
  CHECK(contents->at(2).has_value());
  REQUIRE(first.set_control({7}, control::paused));
  auto held = page(0, 10, 3), fine = page(30, 40, 2), wrong = page(0, 10, 1);
  fine.notification = {8};
  fine.batches[0].second.notification = {8};
  wrong.notification = {9};
  auto made = first.commit_pages({held, wrong, fine});
  REQUIRE(made.size() == 3);
  CHECK(made[0]->status == commit_status::held);
  CHECK(made[1].failure().code == errc::journal_lost);  // it was never begun
  CHECK(made[2]->status == commit_status::done);
  CHECK(made[2]->audience == 2);
  CHECK(*first.pending({7}) == 0);
  CHECK(*first.pending({8}) == 2);
  auto gone = first.forget({{7}, {8}});
  REQUIRE(gone.size() == 2);
  CHECK(*gone[0]);
  CHECK_FALSE(*gone[1]);
}

TEST_CASE_FIXTURE(fixture, "a page that Redis cannot take stops no other") {
  message broken, sound;
  broken.key = {7};
  sound.key = {8};
  REQUIRE(first.begin_fan_out(1, {{&broken, {}}, {&sound, {}}}).size() == 2);
  auto refused = page(0, 10, 3), fine = page(0, 10, 2);
  fine.notification = {8};
  fine.batches[0].second.notification = {8};
  REQUIRE(raw.command({"SET", journal_keys(private_redis().cluster).fan_out({7}), "no hash"}));
  auto made = first.commit_pages({refused, fine});
  REQUIRE(made.size() == 2);
  CHECK(made[0].failure().code == errc::journal_unavailable);
  CHECK(made[0].failure().detail.find("WRONGTYPE") != std::string::npos);
  CHECK(made[1]->audience == 2);
}

TEST_CASE_FIXTURE(fixture, "fan-out goes on at the cursor it left") {
  begin();
  REQUIRE(commit(first, page(0, 10, 3)));
  REQUIRE(second.raise_epoch(2));
  message content;
  content.key = {7};
  auto cursor = second.begin_fan_out(2, {{&content, {}}}).at(0);
  REQUIRE(cursor);
  CHECK(cursor->position == 10);
  CHECK(cursor->audience == 3);
  CHECK(first.begin_fan_out(1, {{&content, {}}}).at(0)->status == commit_status::fenced);
}

TEST_CASE_FIXTURE(fixture, "skipped targets become results in the page's own step") {
  begin();
  auto skipping = page(0, 10, 0);
  result_batch skipped;
  skipped.notification = {7};
  skipped.results.resize(2);
  for (auto& each : skipped.results)
    each.outcome = outcome::skipped;
  skipping.skipped.push_back(skipped);
  CHECK(commit(first, skipping)->audience == 2);
  CHECK(*first.pending({7}) == 2);
  auto claims = first.claim_results(10);
  REQUIRE(claims);
  REQUIRE(claims->size() == 1);
  CHECK(decode_result_batch(claims->at(0).payload)->results.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "progress and results are recorded in one step, once") {
  begin();
  REQUIRE(commit(first, page(0, 10, 4)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  auto step = commit_of(claimed, 2, false);
  CHECK(record(first, step) == commit_status::done);
  CHECK(record(first, step) == commit_status::done);
  CHECK(first.outstanding({queue.name()})->at(0) == 2);
  CHECK(*first.results_depth() == 1);
  auto last = commit_of(claimed, 2, true);
  last.expected_sequence = 1;
  CHECK(record(first, last) == commit_status::done);
  // The entry is gone: a repeat whose reply was lost changes nothing.
  CHECK(record(first, last) == commit_status::fenced);
  CHECK(*first.results_depth() == 2);
  CHECK(first.outstanding({queue.name()})->at(0) == 0);
}

TEST_CASE_FIXTURE(
    fixture, "a claim is taken over only when its owner's heartbeat is gone, and the owner is then refused") {
  begin();
  REQUIRE(commit(first, page(0, 10, 4)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  CHECK(second.take_over_batches(queue.name(), {}, 10)->empty());
  CHECK(record(first, commit_of(claimed, 1, false)) == commit_status::done);
  REQUIRE(first.end_heartbeat("n1/b1"));
  // Who was cut off itself leaves the others' alone.
  CHECK(second.take_over_batches(queue.name(), {}, 10, journal::claims_of::our_own)->empty());
  auto taken = second.take_over_batches(queue.name(), {}, 10);
  REQUIRE(taken);
  REQUIRE(taken->size() == 1);
  CHECK(taken->at(0).sequence == 1);
  CHECK(taken->at(0).strikes == 0);
  CHECK_FALSE(taken->at(0).progress.empty());
  auto late = commit_of(claimed, 1, false);
  late.expected_sequence = 1;
  CHECK(record(first, late) == commit_status::fenced);
  CHECK(record(second, commit_of(taken->at(0), 3, true)) == commit_status::done);
  CHECK(*first.results_depth() == 2);
}

TEST_CASE_FIXTURE(fixture, "an owner may ask whether a claim is still its own, which changes nothing") {
  begin();
  REQUIRE(commit(first, page(0, 10, 4)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  progress_commit question = commit_of(claimed, 0, false);
  question.asks = true;
  CHECK(record(first, question) == commit_status::done);
  CHECK(*first.results_depth() == 0);
  CHECK(record(first, commit_of(claimed, 1, false)) == commit_status::done);
  REQUIRE(first.end_heartbeat("n1/b1"));
  REQUIRE(second.take_over_batches(queue.name(), {}, 10)->size() == 1);
  CHECK(record(first, question) == commit_status::fenced);
}

TEST_CASE_FIXTURE(fixture, "a restarted actor takes its own claims over, with a new token") {
  begin();
  REQUIRE(commit(first, page(0, 10, 4)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  CHECK(first.take_over_batches(queue.name(), {claimed.entry}, 10)->empty());
  auto again = first.take_over_batches(queue.name(), {}, 10);
  REQUIRE(again->size() == 1);
  CHECK(again->at(0).token != claimed.token);
  CHECK(record(first, commit_of(claimed, 1, false)) == commit_status::fenced);
}

TEST_CASE_FIXTURE(fixture, "a claim whose reply was lost is found again, and a known one is left alone") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  REQUIRE(commit(first, page(10, 20, 2)));
  auto known = first.claim_batches(queue.name(), 1)->at(0);
  REQUIRE(first.claim_batches(queue.name(), 1)->size() == 1);
  auto found = first.take_over_batches(queue.name(), {known.entry}, 10);
  REQUIRE(found->size() == 1);
  CHECK(found->at(0).entry != known.entry);
  CHECK(record(first, commit_of(known, 1, false)) == commit_status::done);
}

TEST_CASE_FIXTURE(fixture,
                  "five claims without progress make a dead letter, progress in between does not count") {
  begin();
  REQUIRE(commit(first, page(0, 10, 4)));
  REQUIRE(first.claim_batches(queue.name(), 1)->size() == 1);
  for (unsigned strikes = 1; strikes <= 2; ++strikes)
    CHECK(first.take_over_batches(queue.name(), {}, 10)->at(0).strikes == strikes);
  auto third = first.take_over_batches(queue.name(), {}, 10)->at(0);
  CHECK(third.strikes == 3);
  CHECK(record(first, commit_of(third, 1, false)) == commit_status::done);
  for (unsigned strikes = 0; strikes <= 4; ++strikes)
    CHECK(first.take_over_batches(queue.name(), {}, 10)->at(0).strikes == strikes);
  CHECK(first.take_buried().empty());
  CHECK(first.take_over_batches(queue.name(), {}, 10)->empty());
  CHECK(first.take_buried() == std::vector<std::string>{third.entry});
  CHECK(first.measure()->dead_letters == 1);
  CHECK(first.measure()->push == 0);
  // Its targets are still owed.
  CHECK(*first.pending({7}) == 4);
}

TEST_CASE_FIXTURE(fixture, "a retry waits until it is due by Redis's clock and then comes back once") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  auto step = commit_of(claimed, 0, true);
  step.aside.push_back({now_ms() - 10, false, "due", batch(1), 0});
  step.aside.push_back({now_ms() + 3'600'000, false, "later", batch(1, 2), 0});
  CHECK(record(first, step) == commit_status::done);
  CHECK(first.measure()->later == 2);
  auto promoted = first.promote(10);
  REQUIRE(promoted);
  CHECK(promoted->moved == 1);
  CHECK(promoted->next_due_at > now_ms() + 3'000'000);
  CHECK(first.promote(10)->moved == 0);
  auto claims = second.claim_batches(queue.name(), 10);
  REQUIRE(claims->size() == 1);
  CHECK(decode_push_batch(claims->at(0).payload)->targets.at(0).push_token == "token-1");
  CHECK(first.outstanding({queue.name()})->at(0) == 2);
}

TEST_CASE_FIXTURE(
    fixture, "a part of what was split comes with its strikes, to the first who claims it and to others") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto step = commit_of(first.claim_batches(queue.name(), 1)->at(0), 0, true);
  step.aside.push_back({0, false, "part", batch(1), 2});
  step.aside.push_back({0, false, "other", batch(1), 0});
  REQUIRE(record(first, step) == commit_status::done);
  auto claimed = first.claim_batches(queue.name(), 10);
  REQUIRE(claimed->size() == 2);
  CHECK(claimed->at(0).strikes == 2);
  CHECK(claimed->at(1).strikes == 0);
  auto again = first.take_over_batches(queue.name(), {}, 10);
  REQUIRE(again->size() == 2);
  CHECK(again->at(0).strikes == 3);
  CHECK(again->at(1).strikes == 1);
}

TEST_CASE_FIXTURE(fixture, "a hand-back is there for others at once") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  auto step = commit_of(claimed, 0, true);
  step.aside.push_back({0, false, "back", batch(2), 0});
  CHECK(record(first, step) == commit_status::done);
  CHECK(second.claim_batches(queue.name(), 10)->size() == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "settling lowers the pending count once, and only then a notification is forgotten") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  REQUIRE(record(first, commit_of(claimed, 2, true)) == commit_status::done);
  CHECK_FALSE(*forget(first));
  auto results = first.claim_results(10);
  REQUIRE(results->size() == 1);
  std::vector<settled_entry> settled{{results->at(0).entry, {7}, 2}};
  CHECK(first.settle(settled));
  CHECK(first.settle(settled));
  CHECK(*first.pending({7}) == 0);
  CHECK(*forget(first));
  CHECK_FALSE(first.contents({{7}})->at(0).has_value());
}

TEST_CASE_FIXTURE(fixture, "an entry that cannot be read is buried with its reason") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  CHECK(first.bury_batch(claimed, "unreadable"));
  CHECK(first.measure()->dead_letters == 1);
  CHECK(first.measure()->push == 0);
}

TEST_CASE_FIXTURE(fixture, "a full Redis refuses new work and still lets work drain") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  REQUIRE(raw.command({"CONFIG", "SET", "maxmemory", "1"}));
  CHECK(commit(first, page(10, 20, 2)).failure().code == errc::journal_unavailable);
  CHECK(record(first, commit_of(claimed, 2, true)) == commit_status::done);
  auto results = first.claim_results(10);
  REQUIRE(results->size() == 1);
  CHECK(first.settle({{results->at(0).entry, {7}, 2}}));
  REQUIRE(raw.command({"CONFIG", "SET", "maxmemory", "512mb"}));
  CHECK(commit(first, page(10, 20, 2)));
}

TEST_CASE_FIXTURE(fixture, "launches only wake, and repeating one changes nothing") {
  CHECK(first.announce_launches({{7}}));
  CHECK(first.announce_launches({{7}}));
  CHECK(*first.drain_launches() == 2);
  CHECK(*first.drain_launches() == 0);
}

TEST_CASE_FIXTURE(
    fixture, "a connection heals after Redis forgot its scripts, once somebody vouches for the journal") {
  REQUIRE(raw.command({"SCRIPT", "FLUSH"}));
  CHECK(first.promote(1).failure().code == errc::journal_unavailable);
  CHECK(first.promote(1).failure().code == errc::journal_unavailable);
  journal_foundation foundation(private_redis());
  REQUIRE(foundation.look("run-a"));
  REQUIRE(foundation.vouch("run-a"));
  CHECK(first.promote(1));
}

TEST_CASE_FIXTURE(fixture, "what is paused is held in one place until it is resumed") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  REQUIRE(first.set_control({7}, control::paused));
  CHECK(commit(first, page(10, 20, 2))->status == commit_status::held);
  auto claims = first.claim_batches(queue.name(), 10);
  REQUIRE(claims->size() == 1);
  CHECK(first.control_version() == 1);
  CHECK(first.load_controls()->of == std::map<notification_key, control>{{{7}, control::paused}});
  auto step = commit_of(claims->at(0), 0, true);
  step.aside.push_back({0, true, "7:held", batch(2), 0});
  CHECK(record(first, step) == commit_status::done);
  REQUIRE(first.release_held({7}));  // not while it is paused
  CHECK(first.claim_batches(queue.name(), 10)->empty());
  REQUIRE(second.set_control({7}, control::released));
  CHECK(second.load_controls()->of.at({7}) == control::released);
  REQUIRE(second.release_held({7}));
  CHECK(second.load_controls()->of.empty());
  CHECK(second.claim_batches(queue.name(), 10)->size() == 1);
  CHECK(commit(first, page(10, 20, 2))->status == commit_status::done);
}

TEST_CASE_FIXTURE(fixture, "what is handed back as held after a resume goes to its stream") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  auto step = commit_of(claimed, 0, true);
  step.aside.push_back({0, true, "7:held", batch(2), 0});
  CHECK(record(first, step) == commit_status::done);
  CHECK(second.claim_batches(queue.name(), 10)->size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a cancel is final, stops the fan-out and makes what waits due") {
  begin();
  REQUIRE(commit(first, page(0, 10, 2)));
  auto claimed = first.claim_batches(queue.name(), 1)->at(0);
  auto step = commit_of(claimed, 0, true);
  step.aside.push_back({now_ms() + 3'600'000, false, "7:waits", batch(1), 0});
  step.aside.push_back({now_ms() + 3'600'000, false, "70:another's", batch(1, 2), 0});
  CHECK(record(first, step) == commit_status::done);
  REQUIRE(first.set_control({7}, control::canceled));
  for (auto later : {control::paused, control::released})
    REQUIRE(first.set_control({7}, later));
  CHECK(first.load_controls()->of.at({7}) == control::canceled);
  CHECK(commit(first, page(10, 20, 2))->status == commit_status::held);
  REQUIRE(first.hasten({7}));
  CHECK(first.promote(10)->moved == 1);
  REQUIRE(first.set_control({7}, std::nullopt));
  CHECK(first.load_controls()->of.empty());
}
