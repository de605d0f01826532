// Measures how devices are stored, found and handed to the journal, at several sizes, on private stores.
// `./run bench audience` builds and runs it; docs/benchmarks.md holds results.
#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "actors/log.hpp"
#include "bench/audience_data.hpp"
#include "bench/fan_out_run.hpp"
#include "model/condition.hpp"
#include "storage/property_index_store.hpp"

namespace pusher::bench {

namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

long peak_kib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

struct pass {
  uint64_t matched = 0, looked_at = 0;
  double seconds = 0, cpu = 0, slowest_page_ms = 0;
  bool by_index = false;
};

/// What a count does.
pass find(device_store& devices, application_id app, const condition& where) {
  pass made;
  auto begun = clock::now();
  auto cpu = cpu_seconds();
  auto plan = must(devices.plan(app, where));
  auto range = must(devices.range(app));
  device_reader reader;
  device_key after;
  for (bool more = true; more;) {
    auto page_begun = clock::now();
    auto end = must(devices.read(app, plan, after, range.last, {}, [&](const device_row& row) {
      ++made.looked_at;
      reader.load(row);
      made.matched += where.matches(reader, range.as_of) ? 1 : 0;
    }));
    made.slowest_page_ms = std::max(made.slowest_page_ms, seconds_since(page_begun) * 1000);
    after = end.last;
    more = !end.at_end;
  }
  made.seconds = seconds_since(begun);
  made.cpu = cpu_seconds() - cpu;
  made.by_index = plan.by == device_plan::access::index;
  return made;
}

/// Devices judged per second of one core, without reading them.
double judge_only(const condition& where) {
  std::vector<device> devices;
  for (uint64_t i = 0; i < 20'000; ++i)
    devices.push_back(device_number(i));
  device_reader reader;
  device_row row;
  uint64_t judged = 0, matched = 0;
  auto begun = cpu_seconds();
  while (cpu_seconds() - begun < 0.3)
    for (const auto& each : devices) {
      row.device_id = each.device_id;
      row.app_version = *each.app_version;
      row.properties = each.properties;
      reader.load(row);
      matched += where.matches(reader, 0) ? 1 : 0;
      ++judged;
    }
  return matched > judged ? 0 : static_cast<double>(judged) / (cpu_seconds() - begun);
}

double per_million(double seconds, uint64_t devices) {
  return seconds * 1e6 / static_cast<double>(devices);
}

void measure_passes(device_store& devices, application_id app, uint64_t count) {
  std::printf("\n%llu devices\n%-24s %10s %9s %12s %14s %12s %8s\n", static_cast<unsigned long long>(count),
              "condition", "matched", "seconds", "devices/s", "our CPU s per M", "slowest page", "access");
  for (const auto& each : measured_conditions()) {
    auto where = must(condition::parse(each.json));
    auto made = find(devices, app, where);
    std::printf("%-24s %10llu %9.3f %12.0f %14.2f %9.1f ms %8s\n", each.name,
                static_cast<unsigned long long>(made.matched), made.seconds,
                static_cast<double>(made.looked_at) / made.seconds, per_million(made.cpu, made.looked_at),
                made.slowest_page_ms, made.by_index ? "index" : "scan");
  }
}

void measure_fan_out(private_stores& stores, application_id app, uint64_t& epoch) {
  struct {
    const char* name;
    std::vector<std::string> conditions;
  } const runs[] = {
      {"fan-out, every device", {"{}"}},
      {"fan-out, 50 %", {measured_conditions()[1].json}},
      {"fan-out, 1 %", {measured_conditions()[3].json}},
      {"fan-out, ten of 1 % each", std::vector<std::string>(10, measured_conditions()[3].json)}};
  for (const auto& each : runs) {
    auto made = fan_out(stores, app, ++epoch, each.conditions);
    std::printf("%-24s %10llu %9.3f %12.0f %14.2f   rows read %llu\n", each.name,
                static_cast<unsigned long long>(made.targets), made.took.seconds,
                static_cast<double>(made.rows) / made.took.seconds, per_million(made.took.cpu, made.rows),
                static_cast<unsigned long long>(made.rows));
  }
}

void measure_index(private_stores& stores, device_store& devices, application_id app) {
  property_index_store indexes(*stores.db);
  must(indexes.declare(app, {"coupon"}));
  auto begun = clock::now();
  while (must(indexes.work())) {
  }
  std::printf("index on \"coupon\" built in %.2f s\n", seconds_since(begun));
  auto where = must(condition::parse(rare_coupon));
  (void)find(devices, app, where);  // warm
  auto made = find(devices, app, where);
  std::printf("%-24s %10llu %9.4f   looked at %llu devices, by %s\n", "1 in 10,000, indexed",
              static_cast<unsigned long long>(made.matched), made.seconds,
              static_cast<unsigned long long>(made.looked_at), made.by_index ? "index" : "scan");
}

void measure_index_cost(private_stores& stores, device_store& devices, uint64_t count) {
  property_index_store indexes(*stores.db);
  std::printf("\nregistering %llu devices with indexed names\n", static_cast<unsigned long long>(count));
  double without = 0;
  for (const auto& names : {std::vector<std::string>{},
                            {"plan"},
                            {"coupon"},
                            {"plan", "coupon", "country", "level"},
                            {"plan", "coupon", "country", "level", "tags", "beta", "renews", "ratio"}}) {
    auto app =
        stores.new_application("cost " + std::to_string(names.size()) + (names.empty() ? "" : names[0]));
    must(indexes.declare(app, names));
    while (must(indexes.work())) {
    }
    auto fresh = fill(devices, app, count), again = fill(devices, app, count);
    if (names.empty()) without = fresh;
    std::printf("%zu indexed (%s%s): new %8.0f/s (%.2f of none), known and unchanged %8.0f/s\n", names.size(),
                names.empty() ? "none" : names[0].c_str(), names.size() > 1 ? ", ..." : "", fresh,
                fresh / without, again);
  }
}

}  // namespace

}  // namespace pusher::bench

int main(int argc, char** argv) {
  using namespace pusher::bench;
  CLI::App app("Measures how devices are stored, found and handed to the journal.");
  std::vector<uint64_t> sizes{10'000, 100'000, 1'000'000};
  std::string buffer_pool = "2G";
  uint64_t cost_devices = 100'000;
  app.add_option("--devices", sizes, "Numbers of devices to measure with")->delimiter(',');
  app.add_option("--buffer-pool", buffer_pool, "InnoDB's buffer pool")->capture_default_str();
  app.add_option("--index-devices", cost_devices,
                 "Devices to measure the cost of indexed names with; 0 = do not")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  pusher::log::set_up("warn", "text");

  std::printf("judging alone, one core:\n");
  for (const auto& each : measured_conditions())
    std::printf("%-24s %12.0f devices/s\n", each.name, judge_only(must(pusher::condition::parse(each.json))));
  private_stores stores(private_stores::kind::both, buffer_pool);
  pusher::device_store devices(*stores.db);
  uint64_t epoch = 1000;
  for (auto count : sizes) {
    auto of = stores.new_application("size " + std::to_string(count));
    auto imported = fill(devices, of, count);
    measure_passes(devices, of, count);
    measure_fan_out(stores, of, epoch);
    measure_index(stores, devices, of);
    std::printf("stored at %.0f devices/s; peak memory of this process so far %ld MiB\n", imported,
                peak_kib() / 1024);
    std::fflush(stdout);
  }
  if (cost_devices > 0) measure_index_cost(stores, devices, cost_devices);
  return 0;
}
