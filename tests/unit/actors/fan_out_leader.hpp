// Drives fan-out's machine over a modelled world, with store actions that fail at random.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "actors/fan_out_machine.hpp"
#include "tests/unit/actors/fan_out_world.hpp"

namespace pusher::testing {

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
      auto begun = w.journal.begin_fan_out(machine.epoch(), task->key, from, task->settled);
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
    auto end = w.read(what, machine);
    for (auto [key, first, last] : machine.taken_anew()) {
      const auto& rows = w.notes.at(key).settled;
      std::vector<device_key> settled;
      for (auto at = rows.lower_bound(first.value); at != rows.end() && *at <= last.value; ++at)
        settled.push_back({*at});
      machine.leave_out(key, settled);
    }
    machine.page_was_read(end, now);
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
  utc_ms now = start_of_time;
  size_t looks = 0, pages_read = 0, commits = 0;
  size_t largest_group = 0, largest_opened = 0, largest_begun = 0;
};

inline void check_complete(const world& w, const world::note& note, bool odd_only) {
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

}  // namespace pusher::testing
