#include "storage/event_feed.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "sample.hpp"
#include "storage/delivery_store.hpp"
#include "storage/feed_rows.hpp"
#include "storage/report_store.hpp"
#include "storage/transaction.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  event_feed feed{db};
  device_store devices{db};
  delivery_store deliveries{db};

  result_batch batch(const notification& of, uint64_t from, uint64_t to, outcome what = outcome::accepted) {
    result_batch made;
    made.notification = of.key;
    made.gateway = gateway::fcm;
    for (auto i = from; i < to; ++i) {
      push_result each;
      each.device = {i};
      each.outcome = what;
      each.attempts = 2;
      each.settled_at = 1'700'000'000'000;
      each.code = what == outcome::accepted ? "" : "SOME_CODE";
      each.gateway_message_id = "m" + std::to_string(i);
      made.results.push_back(each);
    }
    return made;
  }
  void record(const std::vector<result_batch>& batches) {
    auto done = deliveries.record(batches);
    REQUIRE_MESSAGE(done.ok(), done.failure().detail);
  }
  event_feed::page read(const feed_position& after, size_t limit = 1000,
                        event_types wanted = event_types::all()) {
    auto page = feed.read(app, after, limit, wanted);
    REQUIRE_MESSAGE(page.ok(), page.failure().detail);
    return std::move(*page);
  }
  /// Everything from here on, in pages of `limit`.
  std::vector<feed_event> read_all(feed_position after = {}, size_t limit = 7) {
    std::vector<feed_event> all;
    for (;;) {
      auto page = read(after, limit);
      CHECK(page.events.size() <= limit);
      all.insert(all.end(), page.events.begin(), page.events.end());
      after = page.next;
      if (page.at_end) return all;
    }
  }
  std::string told(const std::vector<feed_event>& events) {
    std::string text;
    for (const auto& each : events)
      text += (text.empty() ? "" : " ") + std::string(to_string(each.type)) + ":" + each.device_id;
    return text;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "the feed tells of each new delivery once, with what its row says") {
  auto target = launched(db, app);
  auto device = devices.put(app, sample_device("d", "t"))->device.key.value;
  CHECK(read_all().empty());
  record({batch(target, device, device + 3), batch(target, device + 3, device + 5, outcome::failed)});
  record({batch(target, device, device + 3), batch(target, device + 4, device + 6, outcome::rejected)});
  auto all = read_all();
  REQUIRE(all.size() == 6);
  CHECK(all[0].type == event_type::accepted);
  CHECK(all[0].device_id == "d");
  CHECK(all[0].notification_id == target.id);
  CHECK(all[0].gateway == gateway::fcm);
  CHECK(all[0].attempts == 2);
  CHECK(all[0].gateway_message_id == "m" + std::to_string(device));
  CHECK(all[0].at == 1'700'000'000'000);
  CHECK(all[1].device_id.empty());  // no such device
  CHECK(all[3].type == event_type::failed);
  CHECK(all[3].code == "SOME_CODE");
  CHECK(all[5].type == event_type::rejected);
  std::set<std::string> ids;
  for (const auto& each : all)
    ids.insert(each.id());
  CHECK(ids.size() == 6);
  CHECK(feed.read(new_application(db), {}, 10)->events.empty());
}

TEST_CASE_FIXTURE(fixture, "pages of any length give the same events, and a cursor at the end goes on") {
  auto one = launched(db, app), other = launched(db, app);
  record({batch(one, 1, 300), batch(other, 5, 20, outcome::expired)});
  for (uint64_t i = 400; i < 480; ++i)
    record({batch(one, i, i + 1)});
  auto whole = read({}, 1000);
  CHECK(whole.events.size() == 299 + 15 + 80);
  CHECK(whole.at_end);
  for (size_t limit : {1, 3, 64, 65, 393, 394}) {
    auto again = read_all({}, limit);
    REQUIRE(again.size() == whole.events.size());
    for (size_t i = 0; i < again.size(); ++i)
      REQUIRE(again[i].id() == whole.events[i].id());
  }
  CHECK(read(whole.next).events.empty());
  CHECK(feed.end(app)->row == whole.next.row);
  CHECK(read(*feed.end(app)).events.empty());
  record({batch(other, 500, 502)});
  CHECK(read(whole.next).events.size() == 2);
  // Of any event its own position leads on.
  CHECK(read(whole.events[100].behind, 1).events[0].id() == whole.events[101].id());
}

TEST_CASE_FIXTURE(fixture, "events are chosen by type, however rare") {
  auto target = launched(db, app);
  record({batch(target, 1, 5000)});
  record({batch(target, 5000, 5001, outcome::unregistered), batch(target, 5001, 9000)});
  event_types wanted;
  wanted.add(event_type::unregistered);
  auto page = read({}, 10, wanted);
  REQUIRE(page.events.size() == 1);
  CHECK(page.at_end);
  CHECK(read(page.next).events.empty());
}

TEST_CASE_FIXTURE(fixture, "tokens that move, die or come back, and what clients report, enter the feed") {
  auto target = launched(db, app);
  auto a = devices.put(app, sample_device("a", "t1"))->device.key;
  REQUIRE(devices.put(app, sample_device("a", "t2")).ok());
  REQUIRE(devices.put(app, sample_device("b", "t2")).ok());
  REQUIRE(devices.put(app, sample_device("a", "t3")).ok());
  auto dead = batch(target, a.value, a.value + 1, outcome::unregistered);
  dead.results[0].token = sha256("t3");
  record({dead});
  for (int i = 0; i < 2; ++i)  // a repeated report is no event
    REQUIRE(report_store(db).record(app, {{"b", device_event_type::opened, target.id}}).ok());
  auto all = read_all();
  CHECK(told(all) ==
        "token_replaced:a token_moved_out:a token_moved_in:b enabled:a token_replaced:a disabled:a "
        "unregistered:a opened:b");
  CHECK(all[1].other_device_id == "b");
  CHECK(all[5].notification_id == target.id);
  CHECK(all[7].notification_id == target.id);
}

TEST_CASE_FIXTURE(fixture, "a notification that is settled is told of behind its last delivery") {
  auto target = launched(db, app);
  change(db, "UPDATE notifications SET fan_out_done = 1, audience_count = 2 WHERE id = ?", {target.key});
  record({batch(target, 1, 3)});
  auto all = read_all();
  REQUIRE(all.size() == 3);
  CHECK(all[2].type == event_type::notification_settled);
  CHECK(all[2].state == notification_state::completed);
}

TEST_CASE_FIXTURE(fixture, "a notification that is settled without a last delivery is told of once as well") {
  notification_store notifications(db);
  notification_draft later;
  later.content.title = "Later";
  later.audience = audience_all{};
  later.scheduled_at = 4'000'000'000'000;
  auto scheduled = notifications.create(app, later, std::nullopt, nullptr)->value;
  REQUIRE(notifications.cancel(app, scheduled.id).ok());
  auto empty = launched(db, app), paused = launched(db, app);
  change(db, "UPDATE notifications SET fan_out_done = 1 WHERE id = ?", {empty.key});
  CHECK(*notifications.sweep_completed() >= 1);
  REQUIRE(notifications.pause(app, paused.id).ok());
  change(db, "UPDATE notifications SET fan_out_done = 1 WHERE id = ?", {paused.key});
  REQUIRE(notifications.resume(app, paused.id).ok());
  REQUIRE(notifications.sweep_completed().ok());
  auto all = read_all();
  REQUIRE(all.size() == 3);
  CHECK(all[0].notification_id == scheduled.id);
  CHECK(all[0].state == notification_state::canceled);
  CHECK(all[1].notification_id == empty.id);
  CHECK(all[2].notification_id == paused.id);
  CHECK(all[2].state == notification_state::completed);
}

TEST_CASE_FIXTURE(fixture, "a deleted notification takes its events along, without moving the others") {
  auto one = launched(db, app), other = launched(db, app);
  record({batch(one, 1, 4), batch(other, 1, 4)});
  auto before = read_all();
  change(db, "UPDATE notifications SET application_id = 0, state = 9 WHERE id = ?", {one.key});
  auto after = read_all();
  REQUIRE(after.size() == 3);
  CHECK(after[0].id() == before[3].id());
}

TEST_CASE_FIXTURE(fixture, "a reader who follows parallel writers misses nothing and reads nothing twice") {
  auto target = launched(db, app);
  std::atomic<int> writing{3};
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      database own(shared_stores().mysql);
      delivery_store store(own);
      for (uint64_t round = 0; round < 60; ++round) {
        auto from = (t * 1000 + round) * 100;
        auto done = store.record({batch(target, from, from + 1 + round % 7)});
        // Some give up after they took a number, as a transaction that breaks does.
        auto broken = transact(own, [&](database::connection& on) -> result<int> {
          feed_rows rows;
          rows.add(app, event_type::enabled, {}, {1});
          if (auto written = rows.write(on); !written) return written.failure();
          return error{errc::conflict, "given up", "", 0};
        });
        if (!done || broken) failed = true;
      }
      --writing;
    });
  std::map<std::string, int> seen;
  feed_position at;
  for (bool last = false;;) {
    auto page = read(at, 50);
    for (const auto& each : page.events)
      ++seen[each.gateway_message_id];
    at = page.next;
    if (last && page.at_end) break;
    last = writing == 0;
  }
  for (auto& each : threads)
    each.join();
  CHECK(!failed);
  CHECK(seen.size() ==
        number_of(db, "SELECT COUNT(*) FROM deliveries WHERE notification_id = ?", {target.key}));
  for (const auto& [id, times] : seen)
    REQUIRE(times == 1);
}

TEST_CASE_FIXTURE(fixture, "what is old is purged, and a cursor before it is told so") {
  auto target = launched(db, app);
  for (uint64_t i = 1; i <= 5; ++i)
    record({batch(target, i * 10, i * 10 + 2)});
  auto first = read({}, 2), second = read(first.next, 2), third = read(second.next, 1);
  change(db, "UPDATE feed SET at = at - 86400000 * 3 WHERE application_id = ? AND number <= 2", {app});
  REQUIRE(feed.purge(app, now_ms() - 2 * 86'400'000).ok());
  CHECK(read_all().size() == 6);
  CHECK(feed.read(app, first.next, 10).failure().code == errc::cursor_expired);
  // Row 2 is gone, but nothing behind this cursor.
  CHECK(read(second.next).events.size() == 6);
  CHECK(read(third.next).events.size() == 5);
  change(db, "UPDATE feed SET at = at - 86400000 * 3 WHERE application_id = ?", {app});
  REQUIRE(feed.purge(app, now_ms() - 2 * 86'400'000).ok());
  CHECK(read_all().empty());
  CHECK(feed.read(app, third.next, 10).failure().code == errc::cursor_expired);
  auto end = feed.end(app);
  record({batch(target, 900, 901)});
  CHECK(read(*end).events.size() == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "rows that a crashed database took back are told from those that got their numbers") {
  auto target = launched(db, app);
  for (uint64_t i = 1; i <= 4; ++i)
    record({batch(target, i * 10, i * 10 + 1)});
  auto end = read({}).next;
  change(db, "DELETE FROM feed WHERE application_id = ? AND number > 2", {app});
  change(db, "UPDATE feed_heads SET head = 2 WHERE application_id = ?", {app});
  CHECK(read(end).events.empty());
  CHECK(read(end).at_end);
  change(db, "UPDATE feed SET at = at - 5000 WHERE application_id = ?", {app});
  end.at -= 5000;
  record({batch(target, 100, 102)});
  CHECK(read(end).events.size() == 2);
  record({batch(target, 200, 203)});
  CHECK(read(end).events.size() == 5);
  record({batch(target, 300, 304)});
  CHECK(read(end).events.size() == 9);
}
