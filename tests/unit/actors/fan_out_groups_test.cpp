// Many small notifications, which share steps.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/actors/fan_out_leader.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

std::set<uint64_t> named_by(const world& w, const audience& of) {
  std::set<uint64_t> found;
  const auto* users = std::get_if<audience_user_ids>(&of);
  auto names = users ? users->ids : named_devices(of);
  for (const auto& row : w.devices) {
    auto name = users ? row.user_id : row.device_id;
    if (std::find(names.begin(), names.end(), name) != names.end()) found.insert(row.key.value);
  }
  return found;
}

/// Whoever was named was reached once, and nobody else was.
void check_named(const world& w, const world::note& note) {
  auto expected = named_by(w, note.task.audience);
  CHECK(note.done);
  CHECK(note.noted == expected.size());
  CHECK(note.pushed.size() + note.skipped.size() == expected.size());
  for (auto device : expected) {
    auto times = note.pushed.count(device) ? note.pushed.at(device) : 0;
    times += note.skipped.count(device) ? note.skipped.at(device) : 0;
    CHECK(times == 1);
  }
}

std::string device_name(uint32_t number) {
  return "d" + std::to_string(number);
}

/// An audience that names up to so many devices, some of them twice or not there.
audience some_names(std::minstd_rand& random, size_t most) {
  auto count = 1 + random() % most;
  if (random() % 3 == 0) {
    audience_targets made;
    for (size_t i = 0; i < count; ++i)
      made.targets.push_back({device_name(static_cast<uint32_t>(1 + i * 7)), "{}"});
    return made;
  }
  bool users = random() % 2 == 0;
  std::vector<std::string> ids;
  for (size_t i = 0; i < count; ++i)
    ids.push_back((users ? "u" : "d") + std::to_string(random() % 70));
  ids.push_back(ids.front());
  if (users) return audience_user_ids{ids};
  return audience_device_ids{ids};
}

}  // namespace

TEST_CASE("many small notifications share each step, and are not marked on their way") {
  world w;
  w.add_devices(100);
  for (uint64_t key = 1; key <= 300; ++key)
    w.add_for(key, lane::transactional, audience_device_ids{{device_name(key % 100 + 1)}});
  auto bounds = leader::bounds();
  bounds.page.rows = bounds.first_page_rows = 1000;
  leader l(w, 1, 0, bounds);
  REQUIRE(l.run(500));
  for (const auto& [key, note] : w.notes)
    check_named(w, note);
  CHECK(l.pages_read <= 4);
  CHECK(l.commits <= 32);  // ten devices each
  CHECK(w.conclusions <= 4);
  CHECK(w.marked == 0);
  CHECK(l.largest_group == 200);
}

TEST_CASE("what takes longer than a page is sending before it appends") {
  world w;
  w.add_devices(100);
  auto& large = w.add(1, lane::campaign);
  auto& small = w.add_for(2, lane::campaign, audience_device_ids{{"d1", "d2"}});
  large.end = small.end = w.devices.back().key.value;
  leader l(w, 1);
  REQUIRE(l.run(5000));
  check_complete(w, large, false);
  check_named(w, small);
  CHECK(w.marked == 1);
}

TEST_CASE("one that cannot be read, is paused or is canceled leaves its group alone") {
  world w;
  w.add_devices(50);
  for (uint64_t key = 1; key <= 40; ++key)
    w.add_for(key, lane::transactional, audience_device_ids{{device_name(key)}});
  w.notes.at({7}).unreadable = true;
  w.notes.at({8}).task.state = notification_state::canceled;
  leader l(w, 1);
  // Paused when it is open already.
  while (l.commits == 0 && !w.journal.state({9}))
    l.run(1);
  w.notes.at({9}).paused = true;
  l.run(200);
  for (const auto& [key, note] : w.notes) {
    if (key.value < 7 || key.value > 9) check_named(w, note);
  }
  CHECK_FALSE(w.journal.state({7}));
  CHECK(w.notes.at({8}).done);
  CHECK(w.notes.at({8}).pushed.empty());
  CHECK(w.notes.at({9}).pushed.empty());
}

TEST_CASE("texts that are large are opened and begun a few at a time") {
  world w;
  w.add_devices(10);
  for (uint64_t key = 1; key <= 30; ++key)
    w.add_for(key, lane::transactional, audience_device_ids{{"d1"}}).task.bytes = 1'500'000;
  leader l(w, 1);
  REQUIRE(l.run(500));
  for (const auto& [key, note] : w.notes)
    check_named(w, note);
  CHECK(l.largest_group == 30);
  CHECK(l.largest_opened == 3);
  CHECK(l.largest_begun == 2);
}

TEST_CASE("wakings while urgent ones are under way are answered by one look") {
  world w;
  w.add_devices(100);
  for (uint64_t key = 1; key <= 200; ++key)
    w.add_for(key, lane::transactional, audience_device_ids{{device_name(key % 100 + 1)}});
  leader l(w, 1);
  for (int i = 0; i < 500 && !l.done(); ++i) {
    l.machine.woken();
    l.run(1);
  }
  CHECK(l.done());
  CHECK(l.looks <= 3);
  // A campaign does not keep it from looking.
  w.add(1000, lane::campaign);
  l.machine.woken();
  for (int i = 0; i < 4; ++i)
    l.run(1);
  auto looks = l.looks;
  w.add_for(1001, lane::transactional, audience_device_ids{{"d1"}});
  l.machine.woken();
  l.run(1);
  CHECK(l.looks == looks + 1);
}

TEST_CASE("a long worklist is read to its end without another waking") {
  world w;
  w.add_devices(10);
  for (uint64_t key = 1; key <= 2500; ++key)
    w.add_for(key, lane::transactional, audience_device_ids{{"d1"}});
  leader l(w, 1);
  REQUIRE(l.run(20'000));
  CHECK(l.now < start_of_time + 1000);
  for (const auto& [key, note] : w.notes)
    check_named(w, note);
}

TEST_CASE("groups of all kinds, failures and changes of leader leave out nobody and repeat nobody") {
  for (uint32_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    std::minstd_rand random(seed);
    world w;
    w.add_devices(120);
    uint64_t key = 0;
    for (int terms = 0; terms < 5; ++terms) {
      for (int i = 0; i < 12; ++i)
        w.add_for(++key, random() % 2 ? lane::transactional : lane::campaign,
                  some_names(random, i == 0 ? 60 : 3));
      w.add(++key, lane::campaign);
      leader l(w, random(), 6);
      l.run(static_cast<int>(random() % 60));
    }
    leader last(w, random(), 6);
    REQUIRE(last.run(50'000));
    for (const auto& [of, note] : w.notes) {
      if (std::holds_alternative<audience_condition>(note.task.audience))
        check_complete(w, note, false);
      else
        check_named(w, note);
    }
  }
}
