#include "tests/simulation/gateway.hpp"

#include <algorithm>

#include "tests/simulation/process.hpp"

namespace pusher::testing {

// -- a transport --

simulated_transport::simulated_transport(simulation& of, answer_sink& sink)
    : of_(of), sink_(sink), process_(of.running()) {
  of_.gateway().transports.push_back(this);
}

simulated_transport::~simulated_transport() {
  auto& all = of_.gateway().transports;
  all.erase(std::remove(all.begin(), all.end(), this), all.end());
}

void simulated_transport::submit(push_order order) {
  for (size_t i = 0; i < order.targets.size(); ++i) {
    push made;
    made.order = order.id;
    made.number = order.numbers[i];
    made.notification = order.content->key;
    made.device = order.targets[i].device;
    made.expires_at = order.content->expires_at;
    made.may_repeat = order.content->allow_duplicates;
    waiting_.push_back(std::move(made));
  }
}

void simulated_transport::answer(const push& what) {
  sink_.on_answers({{what.order, what.number, what.comes_to}});
}

void simulated_transport::withdraw(uint64_t order) {
  auto all = std::exchange(waiting_, {});
  for (auto& each : all) {
    if (each.order != order) {
      waiting_.push_back(std::move(each));
      continue;
    }
    each.comes_to.kind = verdict_kind::unsent;
    answer(each);
  }
}

void simulated_transport::withdraw_all() {
  auto all = std::exchange(waiting_, {});
  for (auto& each : all) {
    each.comes_to.kind = verdict_kind::unsent;
    answer(each);
  }
}

transport_stats simulated_transport::stats() const {
  transport_stats made;
  made.stream_capacity = streams_of_a_transport;
  made.in_flight = in_flight_.size();
  return made;
}

bool simulated_transport::start_one() {
  if (waiting_.empty() || in_flight_.size() >= streams_of_a_transport || unrecorded_ >= unrecorded_window)
    return false;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  if (of_.now() >= next.expires_at) {
    next.comes_to.kind = verdict_kind::expired;
    answer(next);
    return true;
  }
  if (of_.gateway().is_poison(next.notification, next.device)) {
    process_->crash("a push was poison");
    return true;  // and this transport is gone
  }
  next.comes_to = of_.gateway().judge();
  if (next.comes_to.kind == verdict_kind::postponed) {
    answer(next);
    return true;
  }
  next.answered_at =
      of_.now() +
      (next.comes_to.kind == verdict_kind::unknown ? 15'000 : static_cast<utc_ms>(of_.random() % 60));
  of_.ledger.pushed(next.notification, next.device, process_->name(), next.comes_to.kind, next.may_repeat,
                    next.expires_at);
  in_flight_.push_back(std::move(next));
  return true;
}

bool simulated_transport::answer_one() {
  auto ready = std::find_if(in_flight_.begin(), in_flight_.end(),
                            [this](const auto& each) { return each.answered_at <= of_.now(); });
  if (ready == in_flight_.end()) return false;
  auto done = std::move(*ready);
  in_flight_.erase(ready);
  ++unrecorded_;
  of_.ledger.answered(done.notification, done.device, done.comes_to.kind);
  answer(done);
  return true;
}

// -- the gateway --

simulated_gateway::simulated_gateway(simulation& of)
    : of_(of), troubles_(of.one_in(3) ? 0 : 3 + static_cast<unsigned>(of.below(10))) {
  if (of.plan_.poison && !of.rows.devices().empty())
    poison_ =
        of.rows.devices()[static_cast<size_t>(of.below(static_cast<utc_ms>(of.rows.devices().size())))].key;
}

bool simulated_gateway::step() {
  if (transports.empty()) return false;
  auto from = static_cast<size_t>(of_.below(static_cast<utc_ms>(transports.size())));
  bool answers_first = of_.one_in(2);
  for (size_t i = 0; i < transports.size(); ++i) {
    auto* each = transports[(from + i) % transports.size()];
    if (!each->process()->runs()) continue;
    if (answers_first ? each->answer_one() || each->start_one() : each->start_one() || each->answer_one())
      return true;
  }
  return false;
}

verdict simulated_gateway::judge() {
  verdict made;
  made.kind = verdict_kind::accepted;
  made.gateway_message_id = "m";
  if (!of_.fault(troubles_)) return made;
  switch (of_.below(7)) {
    case 0:
    case 1:
      made.kind = verdict_kind::retry;
      made.code = "UNAVAILABLE";
      break;
    case 2:
      made.kind = verdict_kind::retry;
      made.code = "QUOTA_EXCEEDED";
      made.retry_after_ms = 1000 * (1 + of_.below(4));
      break;
    case 3:
      made.kind = verdict_kind::unregistered;
      made.code = "NotRegistered";
      break;
    case 4:
      made.kind = verdict_kind::rejected;
      made.code = "InvalidRegistration";
      break;
    case 5:
      made.kind = verdict_kind::postponed;
      made.retry_after_ms = 500;
      break;
    default:
      made.kind = verdict_kind::unknown;
  }
  return made;
}

}  // namespace pusher::testing
