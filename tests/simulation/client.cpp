#include "tests/simulation/client.hpp"

#include "actors/apply_control.hpp"
#include "tests/simulation/process.hpp"

namespace pusher::testing {

namespace {

constexpr size_t most_notifications = 4;

}  // namespace

simulated_client::simulated_client(simulation& of)
    : of_(of), journal_(redis_settings(), simulated_run, "client") {}

void simulated_client::launch() {
  notification_draft draft;
  draft.content.title = "Title";
  draft.audience = audience_condition{of_.one_in(3) ? R"({"property":"odd","eq":true})" : "{}"};
  draft.lane = of_.one_in(3) ? lane::transactional : lane::campaign;
  draft.ttl_seconds = of_.one_in(3) ? 5 + static_cast<uint32_t>(of_.below(20)) : 3600;
  draft.allow_duplicates = of_.one_in(4);
  draft.rate_per_second = of_.one_in(5) ? 3 : 0;
  auto key = of_.rows.add(std::move(draft), of_.one_in(5) ? of_.now() + of_.below(10'000) : 0);
  of_.trace("a client launches notification " + std::to_string(key.value));
  if (of_.fault(10)) return;
  if (auto told = journal_.announce_launches({key}); !told) of_.trace("and nobody is woken");
}

void simulated_client::step() {
  const auto& all = of_.rows.notifications();
  if (all.size() < most_notifications && of_.one_in(2)) return launch();
  notification_key key{1 + static_cast<uint64_t>(of_.below(static_cast<utc_ms>(all.size())))};
  switch (of_.below(6)) {
    case 0:
    case 1:
      return pause(key);
    case 2:
    case 3:
      return resume(key);
    case 4:
      return cancel(key);
    default:
      of_.rows.add_device(gateway::fcm, of_.one_in(2));
  }
}

/// Whether the client gets a 202. The api may end before it has told Redis.
bool simulated_client::tell(notification_key key, control what) {
  if (of_.fault(5)) return false;
  return apply_control(journal_, key, what).ok();
}

void simulated_client::pause(notification_key key) {
  if (!of_.rows.pause(key)) return;
  of_.trace("a client pauses notification " + std::to_string(key.value));
  tell(key, control::paused);
}

void simulated_client::resume(notification_key key) {
  if (!of_.rows.resume(key)) return;
  of_.trace("a client resumes notification " + std::to_string(key.value));
  tell(key, control::released);
}

void simulated_client::cancel(notification_key key) {
  if (!of_.rows.cancel(key)) return;
  of_.trace("a client cancels notification " + std::to_string(key.value));
  if (of_.rows.notifications().at(key).launched_at != 0 && tell(key, control::canceled))
    of_.ledger.told_canceled(key);
}

void simulated_client::resume_all() {
  for (const auto& [key, of] : of_.rows.notifications())
    if (of.state == notification_state::paused) resume(key);
}

}  // namespace pusher::testing
