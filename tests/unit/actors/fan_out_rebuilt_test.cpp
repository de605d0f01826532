// Notifications that begin anew because their journal was lost.
#include <doctest/doctest.h>

#include "tests/unit/actors/fan_out_leader.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

/// Some devices have a row from before.
void begin_anew(world& w, world::note& note, std::minstd_rand& random, unsigned one_in) {
  for (const auto& device : w.devices)
    if (random() % one_in == 0) note.settled.insert(device.key.value);
  note.task.rebuilt = true;
  note.task.settled = note.settled.size();
}

void check_whole(const world& w, const world::note& note) {
  CHECK(note.done);
  for (const auto& device : w.devices) {
    auto key = device.key.value;
    auto times = note.pushed.count(key) + note.skipped.count(key) + note.settled.count(key);
    CHECK(times == 1);
    if (auto pushed = note.pushed.find(key); pushed != note.pushed.end()) CHECK(pushed->second == 1);
  }
  CHECK(note.noted == w.devices.size());
}

}  // namespace

TEST_CASE("who has a row is left out, and the audience is those rows and what is appended") {
  for (unsigned one_in : {1, 2, 5}) {
    world w;
    w.add_devices(300);
    std::minstd_rand random(one_in);
    auto& note = w.add(1, lane::campaign);
    begin_anew(w, note, random, one_in);
    leader l(w, 1);
    REQUIRE(l.run(5000));
    check_whole(w, note);
    CHECK(note.pushed.empty() == (one_in == 1));
  }
}

TEST_CASE("one that was canceled closes with the rows that it has") {
  world w;
  w.add_devices(100);
  std::minstd_rand random(3);
  auto& note = w.add(1, lane::campaign);
  begin_anew(w, note, random, 4);
  note.task.state = notification_state::canceled;
  leader l(w, 1);
  REQUIRE(l.run(1000));
  CHECK(note.done);
  CHECK(note.pushed.empty());
  CHECK(note.noted == note.settled.size());
}

TEST_CASE("what begins anew shares pages with what is new, whatever fails and whoever leads") {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    world w;
    w.add_devices(200);
    std::minstd_rand random(seed);
    std::vector<world::note*> all;
    for (uint64_t key = 1; key <= 4; ++key) {
      all.push_back(&w.add(key, key == 4 ? lane::transactional : lane::campaign));
      if (key != 2) begin_anew(w, *all.back(), random, 1 + static_cast<unsigned>(random() % 4));
    }
    for (int leaders = 0; leaders < 40 && !w.done(); ++leaders)
      leader(w, seed * 100 + static_cast<uint32_t>(leaders), 12).run(200);
    REQUIRE(w.done());
    for (const auto* each : all)
      check_whole(w, *each);
  }
}

TEST_CASE("devices that were named are left out alike") {
  world w;
  w.add_devices(60);
  std::minstd_rand random(5);
  audience_device_ids wanted;
  for (const auto& device : w.devices)
    wanted.ids.emplace_back(device.device_id);
  auto& note = w.add_for(1, lane::campaign, wanted);
  auto& other = w.add_for(2, lane::campaign, wanted);
  begin_anew(w, note, random, 3);
  begin_anew(w, other, random, 2);
  leader l(w, 1);
  REQUIRE(l.run(1000));
  check_whole(w, note);
  check_whole(w, other);
}
