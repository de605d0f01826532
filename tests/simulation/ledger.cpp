#include "tests/simulation/ledger.hpp"

#include <algorithm>

#include "storage/journal_codec.hpp"
#include "tests/simulation/process.hpp"

namespace pusher::testing {

namespace {

std::string text_of(notification_key notification, device_key device) {
  return "notification " + std::to_string(notification.value) + ", device " + std::to_string(device.value);
}

const char* name_of(verdict_kind kind) {
  switch (kind) {
    case verdict_kind::accepted:
      return "accepted";
    case verdict_kind::unregistered:
      return "unregistered";
    case verdict_kind::rejected:
      return "rejected";
    case verdict_kind::retry:
      return "retry";
    case verdict_kind::unknown:
      return "unknown";
    default:
      return "not sent";
  }
}

}  // namespace

void ledger::note(target of, const std::string& what) {
  targets_[of].events.push_back(std::to_string(now_() % 10'000'000) + " " + what);
}

void ledger::violated(const std::string& what) {
  if (violation_.empty()) violation_ = what;
}

/// With its whole history.
void ledger::violated(target of, const std::string& what) {
  if (!violation_.empty()) return;
  violation_ = what + ": " + text_of(of.first, of.second);
  for (const auto& each : targets_[of].events)
    violation_ += "\n  " + each;
}

// -- what happens --

void ledger::performed(const redis_arguments& command, const redis_reply& reply) {
  if (command.front() != "EVALSHA" || reply.items.empty()) return;
  const auto& script = command[1];
  auto keys = std::stoul(command[2]);
  auto argument = [&](size_t i) -> const std::string& { return command[3 + keys + i]; };
  const auto& said = reply.items.front().text;
  if (script == "raise_epoch" && said == "ok")
    highest_epoch_ = std::max(highest_epoch_, std::stoul(argument(1)));
  if (said != "ok") return;
  if (script == "begin_fan_out") led_in(std::stoul(argument(1)), script);
  if (script != "commit_page") return;
  size_t at = 5;
  for (size_t step = 1; step <= std::stoul(argument(4)); ++step) {
    bool done = reply.items.at(step).items.front().text == "ok";
    if (done) led_in(std::stoul(argument(at)), script);
    notification_key notification{std::stoul(argument(at + 1))};
    auto batches = std::stoul(argument(at + 4));
    at += 5;
    for (; batches > 0; --batches, at += 4)
      if (done) appended(notification, argument(at), argument(at + 3));
    at += 1 + 2 * std::stoul(argument(at));  // what was skipped
  }
}

void ledger::led_in(uint64_t epoch, const std::string& script) {
  if (epoch < highest_epoch_) violated("the journal took an older epoch's " + script);
}

void ledger::appended(notification_key notification, const std::string& queue, const std::string& payload) {
  auto batch = decode_push_batch(payload);
  for (const auto& each : batch->targets) {
    target of{notification, each.device};
    note(of, "appended to " + queue);
    if (++targets_[of].appended > 1) violated(of, "a device was appended twice");
  }
}

void ledger::pushed(notification_key notification, device_key device, const std::string& process,
                    verdict_kind comes_to, bool may_repeat, utc_ms expires_at) {
  target of{notification, device};
  auto& known = targets_[of];
  note(of, "pushed by " + process + ", comes to: " + name_of(comes_to));
  ++pushes_;
  if (known.settled) {
    ++repeated_;
    if (endangered_.empty()) violated(of, "a push was repeated although no sender was in danger");
  }
  ++known.pushes;
  known.settled = comes_to != verdict_kind::retry && !(comes_to == verdict_kind::unknown && may_repeat);
  if (now_() >= expires_at) violated(of, "a push left after its time-to-live");
  auto told = canceled_.find(notification);
  if (told == canceled_.end() || !told->second) return;
  if (++after_end_[{notification, process}] > unrecorded_window + streams_of_a_transport)
    violated(of, "more left after the cancellation than was in flight");
}

void ledger::answered(notification_key notification, device_key device, verdict_kind what) {
  note({notification, device}, std::string("answered: ") + name_of(what));
}

void ledger::sender_endangered(const std::string& process, unsigned senders) {
  endangered_[process] += senders;
}

void ledger::told_canceled(notification_key notification) {
  canceled_[notification] = true;
}

void ledger::state_changed(const memory_rows::row& now, notification_state before) {
  using state = notification_state;
  bool final = before == state::completed || before == state::canceled || before == state::expired;
  if (final)
    violated("notification " + std::to_string(now.key.value) + " went back from " +
             std::string(to_string(before)) + " to " + std::string(to_string(now.state)));
}

// -- what must hold --

void ledger::check_end(const memory_rows& rows) {
  uint64_t allowed = 0;
  for (const auto& [process, times] : endangered_)
    allowed += times * (unrecorded_window + streams_of_a_transport);
  if (repeated_ > allowed)
    violated("more pushes were repeated than were at risk: " + std::to_string(repeated_) + " of " +
             std::to_string(allowed));
  for (const auto& [key, of] : rows.notifications()) {
    outcome_counts counted;
    for (auto at = rows.deliveries().lower_bound({key, {}});
         at != rows.deliveries().end() && at->first.first == key; ++at)
      ++counted[at->second.outcome];
    for (auto each : all_outcomes)
      if (counted[each] != of.counts[each])
        violated("notification " + std::to_string(key.value) + " counts not what its rows are");
    if (of.audience != counted.total() || !of.fan_out_done || of.completed_at == 0)
      violated("notification " + std::to_string(key.value) + " is not settled");
    const auto* where = std::get_if<audience_condition>(&of.draft.audience);
    for (const auto& device : rows.devices()) {
      bool wanted = of.launched_at > 0 && !(of.last_device < device.key) &&
                    (where->json == "{}" || device.properties != "{}");
      check_device(rows, of, device.key, wanted);
    }
  }
}

void ledger::check_device(const memory_rows& rows, const memory_rows::row& of, device_key device,
                          bool wanted) {
  target which{of.key, device};
  auto row = rows.deliveries().find(which);
  auto pushes = targets_[which].pushes;
  if (row == rows.deliveries().end()) {
    // Devices that were not read before it was canceled are not in its audience.
    if (wanted && of.state != notification_state::canceled) violated(which, "a device was left out");
    if (pushes > 0) violated(which, "a push has no row");
    return;
  }
  if (!wanted) violated(which, "a device that is not in the audience");
  auto got = row->second.outcome;
  bool needs_none = got == outcome::expired || got == outcome::canceled || got == outcome::skipped ||
                    got == outcome::unknown || row->second.code == "dropped";
  if (pushes == 0 && !needs_none) violated(which, "no push, and yet " + std::string(to_string(got)));
}

}  // namespace pusher::testing
