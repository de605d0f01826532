// Drives a push-sender's machine in tests: a store that always works, and a transport that the test plays.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/sender_machine.hpp"

namespace pusher::testing {

constexpr utc_ms start = 1'800'000'000'000;
inline const push_route fcm_route{{1}, channel::fcm};
constexpr outlet_id outlet = 1;

inline push_batch batch_of(size_t targets, utc_ms expires_at = start + 3'600'000) {
  push_batch batch;
  batch.notification = {7};
  batch.expires_at = expires_at;
  for (size_t i = 0; i < targets; ++i)
    batch.targets.push_back({{i + 1}, "token-" + std::to_string(i + 1), 0});
  return batch;
}

inline claim claim_of(const push_batch& batch, const std::string& entry = "1-0", unsigned strikes = 0) {
  claim made;
  made.queue = "1.fcm.production.campaign";
  made.entry = entry;
  made.token = "1";
  made.payload = encode(batch);
  made.strikes = strikes;
  return made;
}

inline message hello() {
  message made;
  made.key = {7};
  made.content.title = "hello";
  return made;
}

inline verdict verdict_of(verdict_kind kind, std::string code = "") {
  verdict made;
  made.kind = kind;
  made.code = std::move(code);
  return made;
}

/// Performs the machine's actions until it waits, with a store that always works and a transport that the
/// test plays.
struct sender_driver {
  explicit sender_driver(sender_bounds bounds = {}) : machine(bounds, 1) {
    machine.capacity(fcm_route, 100, false);
  }

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
      auto own = status_of.find(each.entry);
      outcome.status.push_back(own == status_of.end() ? next_status : own->second);
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
  std::map<std::string, commit_status> status_of;  ///< by entry, where it is another one
  size_t released = 0;
};

}  // namespace pusher::testing
