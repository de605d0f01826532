// Fan-out beside its floor: the same devices read by key with the client library, and nothing done with them.
#include <signal.h>

#include <CLI/CLI.hpp>

#include "actors/log.hpp"
#include "bench/audience_data.hpp"
#include "bench/fan_out_run.hpp"
#include "storage/device_rows.hpp"
#include "storage/journal.hpp"

namespace pusher::bench {

namespace {

constexpr uint64_t rows_per_page = 5000;  // as fan-out's pages have

/// The same columns in the same pages.
cost read_alone(private_stores& stores, application_id app, uint64_t count, device_parts parts) {
  const std::string sql = "SELECT " + device_row_columns(parts) +
                          " FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? AND id > ? AND "
                          "disabled = 0 ORDER BY id LIMIT ?";
  auto* on = must(stores.db->open());
  uint64_t after = 0, read = 0;
  stopwatch watch(stores.processes());
  for (uint64_t page = rows_per_page; page == rows_per_page; read += page)
    page = must(on->query("reading devices", sql, {app, after, rows_per_page},
                          [&](const sql_row& row) { after = row.number(0); }));
  if (read != count) give_up({errc::internal, "the floor read other devices", "", 0});
  return watch.read();
}

/// What nobody took away must not fill Redis from round to round.
void empty_journal(private_stores& stores, application_id app) {
  redis clearing(stores.config.redis);
  push_queue queue;
  queue.application = app;
  must(clearing.command(
      {"XTRIM", journal_keys(stores.config.redis.cluster).push(queue.name()), "MAXLEN", "0"}));
}

void run(uint64_t count, int rounds) {
  private_stores stores(private_stores::kind::both);
  device_store devices(*stores.db);
  auto app = stores.new_application("fan-out");
  fill(devices, app, count);
  uint64_t epoch = 1000;
  for (int round = 0; round < rounds; ++round)
    for (const auto* each : {&measured_conditions()[0], &measured_conditions()[1]}) {
      auto name = std::string("fan-out: ") + each->name;
      auto made = fan_out(stores, app, ++epoch, {each->json});
      if (made.rows != count) give_up({errc::internal, "fan-out read other devices", "", 0});
      tell(name, side::ours, count, made.took);
      empty_journal(stores, app);
      auto where = must(condition::parse(each->json));
      tell(name, side::floor, count, read_alone(stores, app, count, must(devices.plan(app, where)).parts));
    }
}

}  // namespace

}  // namespace pusher::bench

int main(int argc, char** argv) {
  CLI::App app("Measures fan-out beside a bare read of the same devices.");
  uint64_t devices = 200'000;
  int rounds = 5;
  app.add_option("--devices", devices, "Devices")->capture_default_str();
  app.add_option("--rounds", rounds, "Rounds")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  pusher::log::set_up("warn", "text");
  pusher::bench::run(devices, rounds);
  return 0;
}
