#include "bench/fan_out_run.hpp"

#include <unistd.h>

#include "actors/fan_out_driver.hpp"
#include "bench/audience_data.hpp"

namespace pusher::bench {

namespace {

constexpr size_t import_batch = 1000;
constexpr uint64_t no_limit = uint64_t{1} << 40;
constexpr utc_ms long_enough_ms = 3'600'000;

/// The configuration's credentials are the default application's: devices of others would be skipped.
void make_default(database::connection& on, application_id app) {
  must(on.execute("making room",
                  "UPDATE applications SET name = CONCAT('former ', id) WHERE name = 'default' AND id <> ?",
                  {app}));
  must(on.execute("making it the default", "UPDATE applications SET name = 'default' WHERE id = ?", {app}));
}

}  // namespace

fan_out_run fan_out(private_stores& stores, application_id app, uint64_t epoch,
                    const std::vector<std::string>& conditions) {
  notification_store notifications(*stores.db);
  for (const auto& json : conditions) {
    notification_draft draft;
    draft.content.title = "bench";
    draft.audience = audience_condition{json};
    draft.launch = true;
    must(notifications.create(app, draft, std::nullopt, nullptr));
  }
  auto* on = must(stores.db->open());
  must(on->execute("leading", "UPDATE lease SET holder = 'bench', epoch = ?, ends_at = ?",
                   {epoch, now_ms() + long_enough_ms}));
  make_default(*on, app);
  fan_out_bounds bounds;
  bounds.least_mark = bounds.most_mark = no_limit;
  fan_out_driver driver(stores.config, bounds, {channel::fcm}, nullptr, stores.run_id, "bench",
                        {[] {}, [] {}, [] {}, [](const auto&) {}, [](const char*, const error&) {}});
  if (!driver.lead(epoch)) give_up({errc::fenced, "someone else leads", "", 0});
  fan_out_run made;
  stopwatch watch(stores.processes());
  while (driver.machine().counters().finished < conditions.size()) {
    auto step = driver.step();
    if (!step.worked) usleep(1000);
  }
  made.took = watch.read();
  if (driver.machine().counters().skipped > 0) give_up({errc::internal, "fan-out skipped devices", "", 0});
  made.rows = driver.machine().counters().rows_read;
  made.targets = driver.machine().counters().targets;
  return made;
}

double fill(device_store& devices, application_id app, uint64_t count) {
  stopwatch watch;
  std::vector<device> batch;
  for (uint64_t i = 0; i < count; ++i) {
    batch.push_back(device_number(i));
    if (batch.size() < import_batch && i + 1 < count) continue;
    must(devices.import(app, batch));
    batch.clear();
  }
  return static_cast<double>(count) / watch.read().seconds;
}

}  // namespace pusher::bench
