#include "actors/fan_out_machine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/unit/actors/fan_out_world.hpp"

using namespace pusher;

namespace {

constexpr utc_ms start = testing::start_of_time;
using testing::world;

/// One leader: performs the machine's actions on the world. `fail_every` makes store actions fail at random,
/// before or after their effect.
struct leader {
  leader(world& on, uint32_t seed, unsigned one_in = 0, const fan_out_bounds& within = bounds())
      : w(on), random(seed), fail_one_in(one_in), machine(within, {{{1}, {channel::fcm}}}) {
    auto epoch = w.journal.epoch() + 1;
    REQUIRE(*w.journal.raise_epoch(epoch) == commit_status::done);
    machine.lead(epoch);
  }
  static fan_out_bounds bounds() {
    fan_out_bounds made;
    made.devices_per_batch = 10;
    made.page.rows = 25;
    made.first_page_rows = 5;
    made.least_mark = made.most_mark = 40;
    return made;
  }

  bool fails() { return fail_one_in > 0 && random() % fail_one_in == 0; }

  /// Performs up to so many actions; true when the machine waits.
  bool run(int most) {
    for (int i = 0; i < most; ++i) {
      auto action = machine.next(now);
      if (auto* idle = std::get_if<fan_out_machine::idle>(&action)) {
        if (idle->until == 0 || done()) return true;
        now = std::max(now + 1, idle->until);
        drain(20);  // senders meanwhile
        continue;
      }
      std::visit([this](auto& what) { perform(what); }, action);
    }
    return false;
  }
  bool done() const { return w.done(); }
  void drain(uint64_t targets) {
    for (auto& [name, outstanding] : w.journal.outstanding)
      outstanding -= std::min(outstanding, targets);
  }
  uint64_t outstanding() const {
    uint64_t sum = 0;
    for (const auto& [name, each] : w.journal.outstanding)
      sum += each;
    return sum;
  }

  void perform(fan_out_machine::idle&) {}
  void perform(fan_out_machine::read_worklist& what) {
    ++looks;
    if (fails()) return machine.store_failed(now);
    machine.worklist(w.worklist(now, what.most), now);
  }
  /// In a group some may be cut off, and some unreadable.
  void perform(fan_out_machine::open_tasks& what) {
    if (fails()) return machine.store_failed(now);
    largest_group = std::max(largest_group, what.keys.size());
    size_t bytes = 0, opened = 0;
    for (auto key : what.keys) {
      if (bytes >= what.most_bytes) break;
      auto& note = w.notes.at(key);
      bytes += note.task.bytes;
      ++opened;
      if (note.unreadable)
        machine.unreadable(key, now);
      else
        machine.opened(note.task);
      if (fails()) return machine.store_failed(now);
    }
    largest_opened = std::max(largest_opened, opened);
    machine.opening_ended();
  }
  static error broken() { return {errc::journal_unavailable, "broken", "", 0}; }
  void perform(fan_out_machine::begin& what) {
    largest_begun = std::max(largest_begun, what.tasks.size());
    std::vector<result<journal::cursor>> all;
    for (const auto& [task, from] : what.tasks) {
      all.emplace_back(broken());
      if (fails()) continue;
      auto begun = w.journal.begin_fan_out(machine.epoch(), task->key, from);
      if (!fails()) all.back() = begun;
    }
    machine.begun(all);
    ended(all);
  }
  template <class Outcome>
  void ended(const std::vector<result<Outcome>>& all) {
    if (std::any_of(all.begin(), all.end(), [](const auto& each) { return !each; }))
      machine.store_failed(now);
  }
  void perform(fan_out_machine::mark_sending& what) {
    auto sending = w.begin_sending(what.keys);
    if (fails()) return machine.store_failed(now);
    machine.marked_sending(sending);
  }
  void perform(fan_out_machine::read_page& what) {
    ++pages_read;
    machine.page_was_read(w.read(what, machine), now);
  }
  void perform(fan_out_machine::commit& what) {
    ++commits;
    std::vector<result<page_committed>> all;
    for (const auto& page : *what.pages)
      all.push_back(commit(page));
    machine.committed(all, now);
    ended(all);
  }
  result<page_committed> commit(const page_commit& page) {
    const auto& note = w.notes.at(page.notification);
    // Whoever looks while more is to come sees that it is sending.
    if (note.end != 0 && page.new_cursor != note.end) CHECK(note.task.state == notification_state::sending);
    for (const auto& [queue, batch] : page.batches) {
      CHECK(batch.targets.size() <= 10);
      if (note.task.wave) CHECK(batch.expires_at == note.task.wave->expires_at);
    }
    if (fails()) return broken();
    auto made = w.commit(page, now);
    // The reply is lost although the commit took effect.
    if (fails()) return broken();
    return made;
  }
  void perform(fan_out_machine::note_audience& what) {
    w.record_audience(what.key, what.audience);
    if (fails()) return machine.store_failed(now);
    machine.audience_noted(now);
  }
  /// One transaction: all of them or none.
  void perform(fan_out_machine::conclude& what) {
    if (fails()) return machine.store_failed(now);
    w.conclude(what.audiences);
    if (fails()) return machine.store_failed(now);
    machine.concluded(now);
  }
  void perform(fan_out_machine::finish_wave& what) {
    if (fails()) return machine.store_failed(now);
    auto& note = w.notes.at(what.key);
    auto& wave = *note.task.wave;
    if (wave.number == what.wave) {
      CHECK(what.next_due > wave.due);
      ++wave.number;
      wave.from = wave.due;
      wave.expires_at += what.next_due - wave.due;
      wave.due = what.next_due;
    }
    if (fails()) return machine.store_failed(now);
    machine.wave_finished();
  }
  void perform(fan_out_machine::measure& what) {
    drain(10);
    std::vector<uint64_t> counts;
    for (const auto& name : what.queues)
      counts.push_back(w.journal.outstanding[name]);
    machine.measured(counts, now);
  }
  void perform(fan_out_machine::forget& what) {
    std::vector<result<bool>> gone;
    for (size_t i = 0; i < what.keys.size(); ++i)
      gone.push_back(fails() ? result<bool>(broken()) : result<bool>(random() % 2 == 0));
    machine.forgotten(gone, now);
    ended(gone);
  }

  world& w;
  std::minstd_rand random;
  unsigned fail_one_in;
  fan_out_machine machine;
  utc_ms now = start;
  size_t looks = 0, pages_read = 0, commits = 0;
  size_t largest_group = 0, largest_opened = 0, largest_begun = 0;
};

void check_complete(const world& w, const world::note& note, bool odd_only) {
  size_t expected = 0;
  for (const auto& device : w.devices) {
    if (odd_only && device.properties == "{}") continue;
    ++expected;
    bool reachable = device.gateway == gateway::fcm;
    const auto& where = reachable ? note.pushed : note.skipped;
    auto found = where.find(device.key.value);
    REQUIRE(found != where.end());
    CHECK(found->second == 1);
  }
  CHECK(note.pushed.size() + note.skipped.size() == expected);
  CHECK(note.noted == expected);
  CHECK(note.done);
}

}  // namespace

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
  CHECK(l.now < start + 1000);
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
  gauge.measured(1000, start);
  CHECK(gauge.full(bounds));
  // 20,000 a second.
  for (int i = 1; i <= 20; ++i) {
    gauge.appended(2000);
    gauge.measured(1000, start + i * 100);
  }
  CHECK_FALSE(gauge.full(bounds));
  gauge.appended(10'000);
  gauge.measured(11'000, start + 2001);
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
  if (moment + note.task.wave->grace_ms < start) {
    CHECK(note.rule.at(key) == "local_time_past");
    CHECK(note.skipped.at(key) == 1);
  } else {
    REQUIRE(note.pushed.count(key) == 1);
    CHECK(note.pushed.at(key) == 1);
    CHECK(note.reached_at.at(key) >= moment);
    CHECK(note.reached_at.at(key) < std::max(moment, start) + 10'000);
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
    note.task.launched_at = start;
    note.task.wave = fan_out_wave{0, 0, start, start + 60'000, wall, "Asia/Kolkata", 3'600'000};
    auto now = start;
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
