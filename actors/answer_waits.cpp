#include "actors/answer_waits.hpp"

#include <algorithm>

namespace pusher {

void answer_waits::add(std::shared_ptr<http::exchange> exchange, http::response made,
                       clock::time_point since) {
  if (waiting_.size() >= most) {
    made.unfinished.reset();
    told_(*exchange, made, since);
    exchange->answer(std::move(made));
    return;
  }
  waiting_.push_back({std::move(exchange), std::move(made.unfinished), since});
}

template <class Ready>
void answer_waits::give(Ready ready) {
  auto done = std::stable_partition(waiting_.begin(), waiting_.end(),
                                    [&](const waiting& each) { return !ready(each); });
  for (auto each = done; each != waiting_.end(); ++each) {
    auto made = each->rest->finish(engine_);
    told_(*each->exchange, made, each->since);
    each->exchange->answer(std::move(made));
  }
  waiting_.erase(done, waiting_.end());
}

void answer_waits::look() {
  std::set<notification_key> keys;
  for (const auto& each : waiting_)
    keys.insert(each.rest->waits_for.begin(), each.rest->waits_for.end());
  // When the store is away, time decides.
  auto settled = engine_.settled_among({keys.begin(), keys.end()});
  auto now = clock::now();
  give([&](const waiting& each) {
    if (now - each.since >= each.rest->longest) return true;
    if (each.rest->ready && !each.rest->ready()) return false;
    const auto& wanted = each.rest->waits_for;
    return settled.ok() && std::all_of(wanted.begin(), wanted.end(),
                                       [&](notification_key key) { return settled->count(key) > 0; });
  });
}

void answer_waits::finish_all() {
  give([](const waiting&) { return true; });
}

}  // namespace pusher
