#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/actors/fan_out_leader.hpp"

using namespace pusher;
using namespace pusher::testing;

TEST_CASE("every matching device is appended once; those without a credential are skipped by rule") {
  world w;
  w.add_devices(200);
  auto& all = w.add(1, lane::campaign);
  auto& odd = w.add(2, lane::campaign, R"({"property":"odd","eq":true})");
  leader l(w, 1);
  REQUIRE(l.run(5000));
  check_complete(w, all, false);
  check_complete(w, odd, true);
}

TEST_CASE("an audience that nobody meets is finished with zero targets") {
  world w;
  w.add_devices(50);
  auto& none = w.add(1, lane::campaign, R"({"property":"absent","exists":true})");
  world empty;
  auto& nobody = empty.add(1, lane::campaign);
  leader l(w, 1), e(empty, 1);
  REQUIRE(l.run(1000));
  REQUIRE(e.run(1000));
  CHECK(none.done);
  CHECK(none.noted == 0);
  CHECK(nobody.done);
}

TEST_CASE("a transactional notification goes before campaigns, and campaigns take turns") {
  world w;
  w.add_devices(300);
  w.add(1, lane::campaign);
  w.add(2, lane::campaign);
  w.add(3, lane::transactional);
  leader l(w, 1);
  REQUIRE(l.run(20'000));
  auto last_urgent = std::find(w.commit_order.rbegin(), w.commit_order.rend(), notification_key{3});
  auto urgent_commits = std::count(w.commit_order.begin(), w.commit_order.end(), notification_key{3});
  // Campaigns may only fill in while the urgent one waits for its queue to drain.
  CHECK(urgent_commits > 0);
  auto first_end = std::find(w.commit_order.rbegin(), w.commit_order.rend(), notification_key{1});
  CHECK(last_urgent - w.commit_order.rbegin() > first_end - w.commit_order.rbegin());
  // Neither campaign was finished before the other had begun.
  auto begin_of = [&](uint64_t key) {
    return std::find(w.commit_order.begin(), w.commit_order.end(), notification_key{key}) -
           w.commit_order.begin();
  };
  auto end_of = [&](uint64_t key) {
    return w.commit_order.rend() -
           std::find(w.commit_order.rbegin(), w.commit_order.rend(), notification_key{key});
  };
  CHECK(begin_of(2) < end_of(1));
}

TEST_CASE("nothing is appended beyond the mark, whatever the audience") {
  world w;
  w.add_devices(2000);
  w.add(1, lane::campaign);
  leader l(w, 1);
  uint64_t highest = 0;
  for (int i = 0; i < 50'000 && !l.done(); ++i) {
    l.run(1);
    highest = std::max(highest, l.outstanding());
  }
  CHECK(l.done());
  // The mark, and the page that crossed it.
  CHECK(highest <= 40 + 25);
}

TEST_CASE("a deposed leader has no effect") {
  world w;
  w.add_devices(100);
  w.add(1, lane::campaign);
  leader first(w, 1);
  first.run(8);
  auto before = w.cursor(1);
  leader second(w, 2);
  first.run(50);
  CHECK_FALSE(first.machine.leading());
  CHECK(w.cursor(1) == before);
  REQUIRE(second.run(5000));
  check_complete(w, w.notes.at({1}), false);
}

TEST_CASE("whatever fails and whoever leads, no device is left out or appended twice") {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::minstd_rand random(seed);
    world w;
    w.add_devices(120);
    auto& all = w.add(1, lane::campaign);
    auto& odd = w.add(2, lane::transactional, R"({"property":"odd","eq":true})");
    for (int terms = 0; terms < 6; ++terms) {
      leader l(w, random(), 5);
      l.run(static_cast<int>(random() % 60));
    }
    leader last(w, random(), 5);
    REQUIRE(last.run(20'000));
    check_complete(w, all, false);
    check_complete(w, odd, true);
  }
}

TEST_CASE("a gauge lets a queue hold half a second of what it drains") {
  fan_out_bounds bounds;
  queue_gauge gauge;
  CHECK_FALSE(gauge.full(bounds));
  gauge.appended(1000);
  gauge.measured(1000, start_of_time);
  CHECK(gauge.full(bounds));
  // 20,000 a second.
  for (int i = 1; i <= 20; ++i) {
    gauge.appended(2000);
    gauge.measured(1000, start_of_time + i * 100);
  }
  CHECK_FALSE(gauge.full(bounds));
  gauge.appended(10'000);
  gauge.measured(11'000, start_of_time + 2001);
  CHECK(gauge.full(bounds));
}

TEST_CASE("notifications under way together are served by one reading") {
  world w;
  w.add_devices(1000);
  for (uint64_t key = 1; key <= 10; ++key)
    w.add(key, lane::campaign, R"({"property":"odd","eq":true})");
  leader l(w, 1);
  REQUIRE(l.run(100'000));
  for (const auto& [key, note] : w.notes)
    check_complete(w, note, true);
  // Ten readings would be 10,000 rows; those that wait for full queues fall behind and join again.
  CHECK(w.rows_read < 4000);
}

TEST_CASE("a notification that comes later joins where the others are, and goes round") {
  world w;
  w.add_devices(1000);
  w.add(1, lane::campaign, R"({"property":"absent","exists":true})");
  leader l(w, 1);
  while (w.rows_read < 500)
    l.run(1);
  // No credential, no queue that could be full.
  auto& late = w.add(2, lane::campaign, R"({"attribute":"gateway","eq":"apns"})");
  l.machine.woken();
  REQUIRE(l.run(50'000));
  CHECK(late.skipped.size() == 100);
  CHECK(std::all_of(late.skipped.begin(), late.skipped.end(),
                    [](const auto& each) { return each.second == 1; }));
  CHECK(w.journal.state({2})->start.value > 0);
  CHECK(w.rows_read < 1700);
}

TEST_CASE("joining, full queues, failures and changes of leader leave out nobody and repeat nobody") {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::minstd_rand random(seed);
    world w;
    w.add_devices(150);
    for (uint64_t key = 1; key <= 4; ++key) {
      w.add(key, lane::campaign, key % 2 ? "{}" : R"({"property":"odd","eq":true})");
      leader l(w, random(), 7);
      l.run(static_cast<int>(random() % 80));
    }
    leader last(w, random(), 7);
    REQUIRE(last.run(50'000));
    for (const auto& [key, note] : w.notes)
      check_complete(w, note, key.value % 2 == 0);
  }
}

TEST_CASE("a walk passes every key once, wherever it begins and whatever the steps") {
  std::minstd_rand random(7);
  for (int round = 0; round < 2000; ++round) {
    auto last = random() % 50;
    auto begin = last == 0 ? 0 : random() % last;
    std::map<uint64_t, int> seen;
    device_walk walk({begin}, {last}, begin);
    for (int steps = 0; !walk.at_end(); ++steps) {
      REQUIRE(steps < 200);
      auto from = walk.at().value;
      auto to = std::min<uint64_t>(from + random() % 7, walk.lap_end().value);
      for (auto key = from + 1; key <= to; ++key)
        ++seen[key];
      auto before = walk.cursor();
      walk.pass({to});
      CHECK(walk.cursor() >= before);
      walk = device_walk({begin}, {last}, walk.cursor());  // as another leader takes it up
    }
    CHECK(seen.size() == last);
    for (const auto& [key, times] : seen)
      CHECK(times == 1);
  }
}

TEST_CASE("devices are skipped by what their own application can be reached by, as it is at that moment") {
  world w;
  w.add_devices(100);
  w.add(1, lane::campaign);
  leader one(w, 1);
  one.machine.reach({{{2}, {channel::fcm, channel::apns}}});
  one.run(1000);
  CHECK(w.notes.at({1}).pushed.empty());
  CHECK(w.notes.at({1}).skipped.size() == 100);
  w.add(2, lane::campaign);
  one.machine.reach({{{1}, {channel::apns}}});
  one.machine.woken();
  one.run(1000);
  CHECK(w.notes.at({2}).pushed.size() == 10);
  CHECK(w.notes.at({2}).skipped.size() == 90);
}

namespace {

// Of a device by its place in the world; the start is 2027-01-15T08:00:00Z.
const std::vector<std::string> zones{
    "",           "UTC",          "Europe/Berlin", "Asia/Tokyo",      "Pacific/Kiritimati",
    "Etc/GMT+12", "Nowhere/Land", "Asia/Kolkata",  "America/New_York"};

void check_wave_of(const world::note& note, const device_row& device, utc_ms moment) {
  auto key = device.key.value;
  if (moment + note.task.wave->grace_ms < start_of_time) {
    CHECK(note.rule.at(key) == "local_time_past");
    CHECK(note.skipped.at(key) == 1);
  } else {
    REQUIRE(note.pushed.count(key) == 1);
    CHECK(note.pushed.at(key) == 1);
    CHECK(note.reached_at.at(key) >= moment);
    CHECK(note.reached_at.at(key) < std::max(moment, start_of_time) + 10'000);
  }
}

}  // namespace

TEST_CASE("a local time reaches every device once, when its zone's clocks show it, whatever fails") {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    world w;
    w.add_devices(90);
    for (size_t i = 0; i < w.devices.size(); ++i) {
      w.devices[i].time_zone = zones[i % zones.size()];
      w.devices[i].gateway = gateway::fcm;
    }
    auto& note = w.add(1, lane::campaign);
    auto wall = *parse_wall_time("2027-01-15T08:30");
    note.task.launched_at = start_of_time;
    note.task.wave =
        fan_out_wave{0, 0, start_of_time, start_of_time + 60'000, wall, "Asia/Kolkata", 3'600'000};
    auto now = start_of_time;
    for (int leaders = 0; leaders < 4 || !note.done; ++leaders) {
      REQUIRE(leaders < 100);
      leader l(w, seed * 100 + static_cast<uint32_t>(leaders), 7);
      l.now = now;
      l.run(note.done || leaders > 3 ? 100'000 : 40);
      now = l.now;
    }
    for (const auto& device : w.devices) {
      auto moment = moment_in(device.time_zone, wall);
      check_wave_of(note, device, moment ? *moment : *moment_in("Asia/Kolkata", wall));
    }
    CHECK(note.pushed.size() + note.skipped.size() == w.devices.size());
    CHECK(note.noted == w.devices.size());
  }
}

TEST_CASE("what is paused in the middle goes on where it was, and what is canceled closes its audience") {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    world w;
    w.add_devices(200);
    auto& paused = w.add(1, lane::campaign);
    auto& canceled = w.add(2, lane::campaign);
    auto& other = w.add(3, lane::campaign);
    leader l(w, seed, 9);
    l.run(static_cast<int>(20 + seed * 3));
    paused.paused = true;
    canceled.task.state = notification_state::canceled;
    auto before = paused.pushed;
    auto found = w.journal.state({2}) ? w.journal.state({2})->audience : 0;
    for (int i = 0; i < 200 && !(other.done && canceled.done); ++i)
      l.run(200);
    CHECK(other.done);
    CHECK(canceled.done);
    CHECK(canceled.noted == found);
    CHECK(paused.pushed == before);
    paused.paused = false;
    REQUIRE(l.run(50'000));
    check_complete(w, paused, false);
    check_complete(w, other, false);
  }
}
