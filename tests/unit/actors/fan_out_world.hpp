// MariaDB and the journal as far as fan-out sees them, for its simulations. They survive a leader, as the
// real ones do.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/fan_out_machine.hpp"
#include "tests/unit/actors/store_models.hpp"

namespace pusher::testing {

constexpr utc_ms start_of_time = 1'800'000'000'000;

struct world {
  struct note {
    fan_out_task task;
    bool done = false;
    uint64_t noted = 0;
    unsigned times_done = 0;
    std::map<uint64_t, int> pushed;  ///< device -> times appended
    std::map<uint64_t, int> skipped;
    std::map<uint64_t, utc_ms> reached_at;  ///< device -> when it was appended last
    std::map<uint64_t, std::string> rule;   ///< device -> why it was skipped
    std::set<uint64_t> settled;             ///< of one that begins anew: devices that have a row
    bool paused = false;
    bool unreadable = false;
    uint64_t end = 0;  ///< its last cursor, where it reads in one lap without waves
  };

  world() {
    journal.appended = [this](const page_commit& page) { append(page); };
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  void add_devices(size_t count) {
    for (size_t i = 1; i <= count; ++i) {
      device_row row;
      row.key = {i * 3};
      row.gateway = i % 10 == 0 ? gateway::apns : gateway::fcm;
      row.push_token = "token";
      row.properties = i % 2 ? R"({"odd":true})" : "{}";
      row.device_id = names.emplace_back("d" + std::to_string(i));
      row.user_id = names.emplace_back("u" + std::to_string(i / 2));
      devices.push_back(row);
    }
  }
  note& add(uint64_t key, lane urgency, const char* where = "{}") {
    return add_for(key, urgency, audience_condition{where});
  }
  note& add_for(uint64_t key, lane urgency, audience to) {
    auto& made = notes[{key}];
    made.task.key = made.task.message.key = {key};
    made.task.application = {1};
    made.task.lane = urgency;
    made.task.audience = std::move(to);
    made.task.last_device = devices.empty() ? device_key{} : devices.back().key;
    made.task.message.expires_at = start_of_time + 1'000'000;
    return made;
  }
  uint64_t cursor(uint64_t key) const { return journal.state({key}) ? journal.state({key})->cursor : 0; }
  bool done() const {
    return std::all_of(notes.begin(), notes.end(), [](const auto& each) { return each.second.done; });
  }

  // -- as the stores do it --
  std::vector<fan_out_job> worklist(utc_ms now, size_t most) const {
    std::vector<fan_out_job> jobs;
    for (const auto& [key, each] : notes)
      if (!each.done && !each.paused && (!each.task.wave || each.task.wave->due <= now))
        if (jobs.size() < most) jobs.push_back({key, each.task.state == notification_state::canceled});
    return jobs;
  }
  /// Tells the machine of the rows, and gives the page's end.
  page_end read(const fan_out_machine::read_page& what, fan_out_machine& machine) {
    page_end end;
    end.last = what.after;
    for (const auto& row : devices) {
      if (!(what.after < row.key) || what.last < row.key) continue;
      ++rows_read;
      if (!what.plan && !is_named(what, row)) continue;
      if (end.rows == what.bounds.rows) return end;
      machine.visit(row);
      end.last = row.key;
      ++end.rows;
    }
    end.at_end = true;
    return end;
  }
  result<page_committed> commit(const page_commit& page, utc_ms now) {
    const auto& each = notes.at(page.notification);
    bool stopped = each.paused || each.task.state == notification_state::canceled;
    journal.set_control(page.notification, stopped ? std::optional(control::paused) : std::nullopt);
    now_ = now;
    return journal.commit_page(page);
  }
  std::set<notification_key> begin_sending(const std::vector<notification_key>& keys) {
    std::set<notification_key> sending;
    for (auto key : keys) {
      auto& each = notes.at(key);
      if (each.paused || each.task.state == notification_state::canceled) continue;
      each.task.state = notification_state::sending;
      sending.insert(key);
      ++marked;
    }
    return sending;
  }
  void record_audience(notification_key key, uint64_t audience) {
    auto& each = notes.at(key);
    if (!each.done) each.noted = audience;
  }
  void conclude(const std::vector<final_audience>& audiences) {
    ++conclusions;
    for (const auto& [key, targets] : audiences) {
      auto& each = notes.at(key);
      if (each.done) continue;
      each.noted = targets;
      each.done = true;
      ++each.times_done;
      if (each.task.state == notification_state::launched) each.task.state = notification_state::sending;
    }
  }

  std::map<notification_key, note> notes;
  std::vector<device_row> devices;
  journal_model journal;
  uint64_t rows_read = 0;
  size_t marked = 0, conclusions = 0;
  std::deque<std::string> names;  ///< of devices and users
  std::vector<notification_key> commit_order;

 private:
  static bool is_named(const fan_out_machine::read_page& what, const device_row& row) {
    auto name = what.by_user ? row.user_id : row.device_id;
    return std::find(what.ids.begin(), what.ids.end(), name) != what.ids.end();
  }
  void append(const page_commit& page) {
    auto& each = notes.at(page.notification);
    commit_order.push_back(page.notification);
    for (const auto& [queue, batch] : page.batches)
      for (const auto& target : batch.targets) {
        ++each.pushed[target.device.value];
        each.reached_at[target.device.value] = now_;
      }
    for (const auto& batch : page.skipped)
      for (const auto& result : batch.results) {
        ++each.skipped[result.device.value];
        each.rule[result.device.value] = result.code;
      }
  }

  utc_ms now_ = 0;
};

}  // namespace pusher::testing
