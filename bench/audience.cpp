// Measures how devices are stored, found and handed to the journal, at several sizes, on private stores.
// `./run bench audience` builds and runs it; docs/benchmarks.md holds results.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "actors/fan_out_driver.hpp"
#include "actors/log.hpp"
#include "bench/audience_data.hpp"
#include "storage/embedded_stores.hpp"
#include "storage/journal_identity.hpp"
#include "storage/transaction.hpp"

namespace pusher::bench {

namespace {

using clock = std::chrono::steady_clock;

constexpr size_t import_batch = 1000;
constexpr uint64_t no_limit = uint64_t{1} << 40;

[[noreturn]] void give_up(const error& why) {
  std::fprintf(stderr, "audience-bench: %s\n", why.detail.c_str());
  std::exit(1);
}

template <class T>
T must(result<T>&& outcome) {
  if (!outcome) give_up(outcome.failure());
  return std::move(*outcome);
}
void must(result<void>&& outcome) {
  if (!outcome) give_up(outcome.failure());
}

double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// Of this process alone, without the stores.
double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

long peak_kib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

/// Private stores, with one application per size.
class bench_stores {
 public:
  explicit bench_stores(const std::string& buffer_pool) {
    auto name = (std::filesystem::temp_directory_path() / "pusher-bench-XXXXXX").string();
    if (!::mkdtemp(name.data())) give_up({errc::internal, "no temporary directory", "", 0});
    directory_ = name;
    config.data_directory = name;
    config.embedded.buffer_pool = buffer_pool;
    config.embedded.maxmemory = "4G";
    stores_ = must(embedded_stores::start(config));
    db = std::make_unique<database>(config.mysql);
    must(migrate(*db));
    run_id = must(journal_identity_store(*db).get_or_create()).run_id;
    must(journal(config.redis, run_id, "bench").create());
    must(journal_identity_store(*db).mark_created(run_id));
  }
  ~bench_stores() {
    db.reset();
    stores_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  bench_stores(const bench_stores&) = delete;
  bench_stores& operator=(const bench_stores&) = delete;

  application_id new_application(const std::string& name) {
    auto* on = must(db->open());
    must(on->execute("making an application", "INSERT INTO applications (name, created_at) VALUES (?, 0)",
                     {name}));
    return {on->last_insert_id()};
  }

  settings config;
  std::unique_ptr<database> db;
  std::string run_id;

 private:
  std::string directory_;
  std::unique_ptr<embedded_stores> stores_;
};

double fill(device_store& devices, application_id app, uint64_t count) {
  auto start = clock::now();
  std::vector<device> batch;
  for (uint64_t i = 0; i < count; ++i) {
    batch.push_back(device_number(i));
    if (batch.size() < import_batch && i + 1 < count) continue;
    must(devices.import(app, batch));
    batch.clear();
  }
  return static_cast<double>(count) / seconds_since(start);
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

struct fan_out_run {
  uint64_t rows = 0, targets = 0;
  double seconds = 0, cpu = 0;
};

/// Fan-out with the real journal, and nobody who takes the batches away.
fan_out_run fan_out(bench_stores& stores, application_id app, uint64_t epoch,
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
                   {epoch, now_ms() + 3'600'000}));
  fan_out_bounds bounds;
  bounds.least_mark = bounds.most_mark = no_limit;
  fan_out_driver driver(stores.config, bounds, {channel::fcm}, nullptr, stores.run_id, "bench",
                        {[] {}, [] {}, [] {}, [](const auto&) {}, [](const char*, const error&) {}});
  if (!driver.lead(epoch)) give_up({errc::fenced, "someone else leads", "", 0});
  fan_out_run made;
  auto begun = clock::now();
  auto cpu = cpu_seconds();
  while (driver.machine().counters().finished < conditions.size()) {
    auto step = driver.step();
    if (!step.worked) usleep(1000);
  }
  made.seconds = seconds_since(begun);
  made.cpu = cpu_seconds() - cpu;
  made.rows = driver.machine().counters().rows_read;
  made.targets = driver.machine().counters().targets;
  return made;
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

void measure_fan_out(bench_stores& stores, application_id app, uint64_t& epoch) {
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
                static_cast<unsigned long long>(made.targets), made.seconds,
                static_cast<double>(made.rows) / made.seconds, per_million(made.cpu, made.rows),
                static_cast<unsigned long long>(made.rows));
  }
}

void measure_index(bench_stores& stores, device_store& devices, application_id app) {
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

void measure_index_cost(bench_stores& stores, device_store& devices, uint64_t count) {
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
  bench_stores stores(buffer_pool);
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
