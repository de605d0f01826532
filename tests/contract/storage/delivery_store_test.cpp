#include "storage/delivery_store.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "sample.hpp"
#include "storage/lease_store.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  notification_store notifications{db};
  delivery_store deliveries{db};
  device_store devices{db};
  notification target = launched(db, app);

  result_batch batch(uint64_t from, uint64_t to, outcome what = outcome::accepted) {
    result_batch made;
    made.notification = target.key;
    for (auto i = from; i < to; ++i) {
      push_result each;
      each.device = {i};
      each.outcome = what;
      each.attempts = 1;
      each.settled_at = 1'700'000'000'000;
      made.results.push_back(each);
    }
    return made;
  }
  delivery_store::recorded record(const std::vector<result_batch>& batches) {
    auto done = deliveries.record(batches);
    REQUIRE_MESSAGE(done.ok(), done.failure().detail);
    return std::move(*done);
  }
  uint64_t rows() {
    return number_of(db, "SELECT COUNT(*) FROM deliveries WHERE notification_id = ?", {target.key});
  }
  notification read() { return *notifications.get(app, target.id); }
  void fan_out_done(uint64_t audience) {
    change(db, "UPDATE notifications SET fan_out_done = 1, audience_count = ? WHERE id = ?",
           {audience, target.key});
  }
  void check_counts_equal_rows() {
    auto value = read();
    for (auto each : all_outcomes)
      CHECK(value.counts[each] == number_of(db,
                                            "SELECT COUNT(*) FROM deliveries WHERE notification_id = ? AND "
                                            "outcome = ?",
                                            {target.key, static_cast<unsigned>(each)}));
  }
  /// A result that says that the device's token is dead.
  result_batch dead(device_key device, const std::string& token, utc_ms since = 0) {
    auto made = batch(device.value, device.value + 1, outcome::unregistered);
    made.results[0].token = sha256(token);
    made.results[0].unregistered_at = since;
    return made;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "results become rows and counts, once, however often they are recorded") {
  auto first = record({batch(1, 6), batch(6, 8, outcome::failed)});
  CHECK(first.rows == 7);
  CHECK(first.missing.empty());
  CHECK(record({batch(1, 6), batch(6, 8, outcome::failed)}).rows == 0);
  // Overlapping what is there; another outcome for a settled device changes nothing.
  CHECK(record({batch(4, 12, outcome::rejected)}).rows == 4);
  CHECK(rows() == 11);
  CHECK(read().counts[outcome::accepted] == 5);
  CHECK(read().counts[outcome::failed] == 2);
  CHECK(read().counts[outcome::rejected] == 4);
  check_counts_equal_rows();
  CHECK(record({}).rows == 0);
}

TEST_CASE_FIXTURE(fixture, "a device that appears twice in one call counts once") {
  CHECK(record({batch(1, 4), batch(2, 6, outcome::failed)}).rows == 5);
  CHECK(read().counts[outcome::accepted] == 3);
  check_counts_equal_rows();
  CHECK(record({batch(5, 7), batch(6, 8)}).rows == 2);
  check_counts_equal_rows();
}

TEST_CASE_FIXTURE(fixture, "a large call is recorded whole, also over several notifications") {
  auto other = launched(db, app);
  auto more = batch(1, 3001, outcome::expired);
  more.notification = other.key;
  CHECK(record({batch(1, 10'001), more}).rows == 13'000);
  CHECK(notifications.get(app, other.id)->counts[outcome::expired] == 3000);
  CHECK(record({batch(9'000, 12'001), more}).rows == 2'000);
  check_counts_equal_rows();
}

TEST_CASE_FIXTURE(fixture, "writers that record the same results in parallel keep counts equal to rows") {
  std::vector<std::thread> threads;
  std::atomic<int> refused{0};
  std::atomic<size_t> counted{0};
  for (uint64_t t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      database own(shared_stores().mysql);
      delivery_store store(own);
      for (uint64_t round = 0; round < 20; ++round) {
        std::vector<result_batch> batches{batch(round * 100 + t * 10, round * 100 + 120),
                                          batch(round * 7, round * 9)};
        // Contention may use up the repeats; then nothing was stored, and the journal brings the entry again.
        for (int tries = 0;; ++tries) {
          auto done = store.record(batches);
          if (done) {
            counted += done->rows;
            break;
          }
          if (done.failure().code != errc::store_unavailable || tries == 50) {
            ++refused;
            break;
          }
        }
      }
    });
  for (auto& each : threads)
    each.join();
  CHECK(refused == 0);
  CHECK(rows() == 2020);
  CHECK(counted == 2020);
  check_counts_equal_rows();
}

TEST_CASE_FIXTURE(fixture, "results of a notification without a row are missing, the rest is stored") {
  auto gone = batch(1, 3);
  gone.notification = {888'888'888};
  auto done = record({gone, batch(1, 3)});
  CHECK(done.rows == 2);
  REQUIRE(done.missing.size() == 1);
  CHECK(done.missing[0] == gone.notification);
  CHECK(number_of(db, "SELECT COUNT(*) FROM deliveries WHERE notification_id = 888888888") == 0);
}

TEST_CASE_FIXTURE(fixture, "the last result completes the notification, once fan-out is done") {
  CHECK(record({batch(1, 3)}).completed.empty());
  fan_out_done(4);
  CHECK(record({batch(3, 4)}).completed.empty());
  auto last = record({batch(4, 5)});
  REQUIRE(last.completed.size() == 1);
  CHECK(last.completed[0] == target.key);
  CHECK(read().state == notification_state::completed);
  CHECK(read().completed_at > 0);
  CHECK(record({batch(4, 5)}).completed.empty());
}

TEST_CASE_FIXTURE(fixture, "a dead token disables the device that still holds it") {
  auto device = devices.put(app, sample_device("d", "token"))->device.key;
  auto kept = devices.put(app, sample_device("kept", "other"))->device.key;
  auto done = record({dead(device, "token"), batch(kept.value, kept.value + 1, outcome::rejected)});
  CHECK(done.tokens_disabled == 1);
  CHECK(devices.get(app, "d")->disabled == disabled_reason::unregistered);
  CHECK(devices.get(app, "d")->disabled_at > 0);
  CHECK(devices.get(app, "kept")->disabled == disabled_reason::none);

  // The result comes again after the device registered anew: it counts no more.
  REQUIRE(devices.put(app, sample_device("d", "token")).ok());
  CHECK(record({dead(device, "token")}).tokens_disabled == 0);
  CHECK(devices.get(app, "d")->disabled == disabled_reason::none);
}

TEST_CASE_FIXTURE(fixture, "a dead token that was replaced or registered again since disables nothing") {
  auto replaced = devices.put(app, sample_device("replaced", "new"))->device;
  auto again = devices.put(app, sample_device("again", "token"))->device;
  auto since = devices.put(app, sample_device("since", "gone"))->device;
  auto done = record({dead(replaced.key, "old"), dead(again.key, "token", again.token_registered_at - 1),
                      dead(since.key, "gone", since.token_registered_at)});
  CHECK(done.rows == 3);
  CHECK(done.tokens_disabled == 1);
  CHECK(devices.get(app, "replaced")->disabled == disabled_reason::none);
  CHECK(devices.get(app, "again")->disabled == disabled_reason::none);
  CHECK(devices.get(app, "since")->disabled == disabled_reason::unregistered);
}

TEST_CASE_FIXTURE(fixture,
                  "a token that the gateway replaced is replaced, and stands in the device's history") {
  auto moved = devices.put(app, sample_device("moved", "old"))->device.key;
  auto doubled = devices.put(app, sample_device("doubled", "other"))->device.key;
  auto since = devices.put(app, sample_device("since", "newest"))->device.key;
  auto answer = [&](device_key device, const char* pushed_to, const char* now) {
    auto made = batch(device.value, device.value + 1);
    made.results[0].token = sha256(pushed_to);
    made.results[0].replacement_token = now;
    return made;
  };
  // The second's new token is another device's, the third has registered since.
  record({answer(moved, "old", "new"), answer(doubled, "other", "newest"), answer(since, "older", "newer")});
  CHECK(devices.get(app, "moved")->value.push_token == "new");
  CHECK(devices.get(app, "doubled")->value.push_token == "other");
  CHECK(devices.get(app, "since")->value.push_token == "newest");
  CHECK(number_of(db, "SELECT COUNT(*) FROM device_events WHERE application_id = ?", {app}) == 1);
  CHECK(number_of(db, "SELECT device_id FROM device_events WHERE application_id = ?", {app}) == moved.value);
}

TEST_CASE_FIXTURE(fixture, "codes and message ids are cut to their limits, between characters") {
  auto long_ones = batch(1, 2, outcome::rejected);
  long_ones.results[0].code = std::string(63, 'c') + "한";
  long_ones.results[0].gateway_message_id = std::string(300, 'm');
  CHECK(record({long_ones}).rows == 1);
  auto listed = deliveries.list(app, target.id, {}, {}, 10)->deliveries;
  CHECK(listed[0].code == std::string(63, 'c'));
  CHECK(listed[0].gateway_message_id == std::string(128, 'm'));
}

TEST_CASE_FIXTURE(fixture,
                  "deliveries are listed in pages, by outcome, with the ids of devices that still exist") {
  auto device = devices.put(app, sample_device("d", "token"))->device.key.value;
  record({batch(device, device + 3), batch(device + 3, device + 5, outcome::failed)});
  auto first = deliveries.list(app, target.id, {}, {}, 2);
  REQUIRE_MESSAGE(first.ok(), first.failure().detail);
  REQUIRE(first->deliveries.size() == 2);
  CHECK(!first->at_end);
  CHECK(first->deliveries[0].device_id == "d");
  CHECK(first->deliveries[0].outcome == outcome::accepted);
  CHECK(first->deliveries[0].attempts == 1);
  CHECK(first->deliveries[0].settled_at == 1'700'000'000'000);
  CHECK(first->deliveries[1].device_id.empty());
  CHECK(deliveries.list(app, target.id, {}, first->next, 10)->deliveries.size() == 3);
  CHECK(deliveries.list(app, target.id, {}, first->next, 3)->at_end);
  delivery_filter failed;
  failed.outcome = outcome::failed;
  CHECK(deliveries.list(app, target.id, failed, {}, 10)->deliveries.size() == 2);
  CHECK(deliveries.list(new_application(db), target.id, {}, {}, 10).failure().code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "deliveries are found by gateway, code and device") {
  auto through_apns = batch(100, 110, outcome::rejected);
  through_apns.gateway = gateway::apns;
  through_apns.results[3].code = "BadTopic";
  auto device = devices.put(app, sample_device("d", "token"))->device.key.value;
  record({through_apns, batch(device, device + 1, outcome::skipped)});
  auto count = [&](const delivery_filter& wanted) {
    auto found = deliveries.list(app, target.id, wanted, {}, 100);
    CHECK(found->at_end);
    return found->deliveries.size();
  };
  CHECK(count({std::nullopt, gateway::apns, std::nullopt, std::nullopt}) == 10);
  // One that never left counts for the device's gateway.
  CHECK(count({std::nullopt, gateway::fcm, std::nullopt, std::nullopt}) == 1);
  CHECK(count({std::nullopt, std::nullopt, "BadTopic", std::nullopt}) == 1);
  CHECK(count({std::nullopt, std::nullopt, "badtopic", std::nullopt}) == 0);
  CHECK(count({std::nullopt, std::nullopt, std::nullopt, "d"}) == 1);
  CHECK(count({outcome::accepted, std::nullopt, std::nullopt, "d"}) == 0);
  CHECK(count({std::nullopt, std::nullopt, std::nullopt, "e"}) == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "a filter that little meets looks through a bounded part at a time, and finds it") {
  change(db,
         "INSERT INTO deliveries (notification_id, device_id, outcome, attempts, code, gateway_message_id, "
         "settled_at) SELECT ?, seq + 1000000, 1, 1, '', '', 1 FROM seq_1_to_150000",
         {target.key});
  auto rare = batch(5'000'000, 5'000'001, outcome::failed);
  record({rare});
  delivery_filter failed;
  failed.outcome = outcome::failed;
  auto first = deliveries.list(app, target.id, failed, {}, 10);
  CHECK(first->deliveries.empty());
  CHECK(!first->at_end);
  auto second = deliveries.list(app, target.id, failed, first->next, 10);
  CHECK(second->deliveries.size() == 1);
  CHECK(second->at_end);
}

TEST_CASE_FIXTURE(fixture, "a trace gathers what is known of one device") {
  auto device = devices.put(app, sample_device("d", "token"))->device.key.value;
  auto none = deliveries.trace(app, target.id, "d");
  REQUIRE(none.ok());
  CHECK(!none->settled);
  record({batch(device, device + 1, outcome::failed)});
  auto known = deliveries.trace(app, target.id, "d");
  CHECK(known->settled->outcome == outcome::failed);
  CHECK(known->target.id == target.id);
  CHECK(known->last_device < known->device.key);
  CHECK(deliveries.trace(app, target.id, "e").failure().code == errc::not_found);
  CHECK(deliveries.trace(new_application(db), target.id, "d").failure().code == errc::not_found);
}
