#include "actors/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "actors/followed_totals.hpp"
#include "actors/log.hpp"
#include "actors/metric_families.hpp"
#include "actors/openmetrics_text.hpp"
#include "actors/process_numbers.hpp"
#include "storage/redis_files.hpp"
#include "storage/store_wait.hpp"

namespace pusher {

namespace {

using prometheus::Labels;

constexpr std::array<const char*, held_by::kinds> held_reasons{"streams", "records", "rate", "breaker",
                                                               "credential"};

/// What one push-sender has reported, by its machine.
struct sender_row {
  sender_row(metric_families& f, unsigned index)
      : claimed(f.batches, {{"event", "claimed"}}),
        finished(f.batches, {{"event", "finished"}}),
        fenced(f.batches, {{"event", "fenced"}}),
        split(f.batches, {{"event", "split"}}),
        put_aside(f.put_aside, {}),
        open(f.open_batches.Add({{"sender", std::to_string(index)}})) {
    for (auto each : all_outcomes)
      outcomes[static_cast<size_t>(each)] =
          followed_counter(f.deliveries, {{"outcome", std::string(to_string(each))}});
  }
  std::array<followed_counter, all_outcomes.size() + 1> outcomes;
  followed_counter claimed, finished, fenced, split, put_aside;
  prometheus::Gauge& open;
};

/// What one push-sender's transports have reported.
struct transports_row {
  std::map<transport_numbers::owner, followed_counter> requests;
  std::map<transport_numbers::attempt, followed_counter> attempts;
  std::map<std::string, followed_histogram<gateway_scale>> latency;
  std::map<std::pair<transport_numbers::owner, size_t>, followed_counter> held;
  std::vector<std::pair<gauge_family*, prometheus::Gauge*>> gauges;
};

struct fan_out_row {
  explicit fan_out_row(metric_families& f)
      : rows(f.devices_read, {}),
        targets(f.targets, {}),
        skipped(f.deliveries, {{"outcome", "skipped"}}),
        notifications(f.notifications.Add({})),
        leading(f.leading.Add({})) {}
  followed_counter rows, targets, skipped;
  prometheus::Gauge &notifications, &leading;
};

struct writer_row {
  explicit writer_row(metric_families& f)
      : fresh(f.rows, {{"row", "new"}}),
        repeated(f.rows, {{"row", "repeated"}}),
        tokens(f.tokens, {}),
        completed(f.completed, {}) {}
  followed_counter fresh, repeated, tokens, completed;
};

/// What is read only when somebody asks.
struct asked_row {
  explicit asked_row(metric_families& f)
      : cpu(f.cpu, {}),
        repeated(f.log_lines_lost, {{"reason", "repeated"}}),
        unwritable(f.log_lines_lost, {{"reason", "unwritable"}}),
        exported(f.spans, {{"result", "exported"}}),
        dropped(f.spans, {{"result", "dropped"}}),
        failed(f.spans, {{"result", "failed"}}),
        redis(f.store_seconds, {{"store", "redis"}}),
        mariadb(f.store_seconds, {{"store", "mariadb"}}) {
    for (size_t i = 0; i < levels.size(); ++i)
      levels[i] = followed_counter(f.log_lines, {{"level", log::level_names[i]}});
  }
  followed_counter cpu;
  std::array<followed_counter, log::level_names.size()> levels;
  followed_counter repeated, unwritable, exported, dropped, failed;
  followed_histogram<store_scale> redis, mariadb;
};

template <class Key, class Row>
Row& row_of(std::map<Key, Row>& rows, const Key& key, Row fresh) {
  return rows.emplace(key, std::move(fresh)).first->second;
}

}  // namespace

struct metrics::reporters {
  explicit reporters(size_t most)
      : most_applications(most),
        request_seconds(f.request_seconds.Add(
            {}, prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10})),
        fan_out(f),
        asked(f) {}

  metric_families f;
  const size_t most_applications;
  prometheus::Histogram& request_seconds;
  fan_out_row fan_out;
  std::mutex mutex;                    ///< of what follows, but each row is its reporter's alone
  std::set<std::string> applications;  ///< that have a label of their own
  std::map<unsigned, sender_row> senders;
  std::map<unsigned, transports_row> transports;
  std::map<unsigned, writer_row> writers;
  std::mutex expiry_mutex;
  std::vector<prometheus::Gauge*> expiries;
  std::mutex asking;
  asked_row asked;

  template <class Row, class... From>
  Row& row(std::map<unsigned, Row>& rows, unsigned index, From&&... from) {
    std::lock_guard<std::mutex> guard(mutex);
    return rows.try_emplace(index, std::forward<From>(from)...).first->second;
  }

  /// The label of an application: the number of labels is bounded, whatever their owners do.
  std::string label_of(const std::string& app) {
    std::lock_guard<std::mutex> guard(mutex);
    if (applications.count(app) > 0) return app;
    if (applications.size() >= most_applications) return "other";
    applications.insert(app);
    return app;
  }

  void count(transports_row& row, const transport_numbers& numbers);
  void set_gauges(transports_row& row, unsigned index, const transport_numbers& numbers);
  void ask(const node_moment& now);
};

metrics::metrics(size_t most_applications) : reporters_(std::make_unique<reporters>(most_applications)) {
  reporters_->f.build.Add({{"version", PUSHER_VERSION}}).Set(1);
  reporters_->f.rebuilding.Add({}).Set(0);
  reporters_->f.rebuilds.Add({});
}

metrics::~metrics() = default;

void metrics::request_answered(int status, double seconds) {
  reporters_->f.requests.Add({{"status", std::to_string(status)}}).Increment();
  reporters_->request_seconds.Observe(seconds);
}

void metrics::sender(unsigned index, const sender_counters& totals, size_t open_batches) {
  auto& row = reporters_->row(reporters_->senders, index, reporters_->f, index);
  for (auto each : all_outcomes)
    row.outcomes[static_cast<size_t>(each)].raise(totals.outcomes[each]);
  row.claimed.raise(totals.batches_claimed);
  row.finished.raise(totals.batches_finished);
  row.fenced.raise(totals.batches_fenced);
  row.split.raise(totals.batches_split);
  row.put_aside.raise(totals.put_aside);
  row.open.Set(static_cast<double>(open_batches));
}

void metrics::transports(unsigned index, const transport_numbers& numbers) {
  auto labeled = numbers.renamed([this](const std::string& app) { return reporters_->label_of(app); });
  auto& row = reporters_->row(reporters_->transports, index);
  reporters_->count(row, labeled);
  reporters_->set_gauges(row, index, labeled);
}

void metrics::reporters::count(transports_row& row, const transport_numbers& numbers) {
  auto labels = [](const transport_numbers::owner& whose) {
    return Labels{{"app", whose.first}, {"gateway", whose.second}};
  };
  for (const auto& [whose, stats] : numbers.of) {
    row_of(row.requests, whose, followed_counter(f.push_requests, labels(whose))).raise(stats.requests);
    for (size_t kind = 0; kind < held_reasons.size(); ++kind) {
      auto of = labels(whose);
      of.emplace("reason", held_reasons[kind]);
      row_of(row.held, std::pair(whose, kind), followed_counter(f.held, of))
          .raise(std::chrono::duration<double>(stats.held[kind]).count());
    }
  }
  for (const auto& [which, total] : numbers.attempts) {
    auto of = labels(which.whose);
    of.emplace("outcome", which.outcome);
    of.emplace("reason", which.reason);
    row_of(row.attempts, which, followed_counter(f.attempts, of)).raise(total);
  }
  for (const auto& [gateway, counts] : numbers.latency)
    row_of(row.latency, gateway, followed_histogram<gateway_scale>(f.gateway_seconds, {{"gateway", gateway}}))
        .raise(counts);
}

void metrics::reporters::set_gauges(transports_row& row, unsigned index, const transport_numbers& numbers) {
  auto before = std::exchange(row.gauges, {});
  auto set = [&](gauge_family& family, const transport_numbers::owner& whose, double value) {
    auto& gauge =
        family.Add({{"app", whose.first}, {"gateway", whose.second}, {"sender", std::to_string(index)}});
    gauge.Set(value);
    row.gauges.emplace_back(&family, &gauge);
  };
  auto now = std::chrono::steady_clock::now();
  auto seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
  for (const auto& [whose, stats] : numbers.of) {
    set(f.in_flight, whose, static_cast<double>(stats.in_flight));
    set(f.queued, whose, static_cast<double>(stats.queued));
    set(f.connections, whose, static_cast<double>(stats.connections));
    set(f.streams, whose, static_cast<double>(stats.stream_capacity));
    set(f.breaker, whose, stats.breaker_open ? 1 : 0);
    set(f.refused, whose, stats.credential_refused ? 1 : 0);
    if (!stats.token) continue;
    set(f.token_age, whose, seconds(now - stats.token->born));
    set(f.token_expiry, whose, seconds(stats.token->ends - now));
  }
  for (const auto& [whose, per_second] : numbers.allowed)
    set(f.allowed, whose, per_second);
  for (const auto& each : before)
    if (std::find(row.gauges.begin(), row.gauges.end(), each) == row.gauges.end())
      each.first->Remove(each.second);
}

void metrics::credentials_expire(const credential_expiries& seconds) {
  auto& r = *reporters_;
  credential_expiries labeled;
  for (const auto& [whose, left] : seconds) {
    auto [at, fresh] = labeled.emplace(std::pair(r.label_of(whose.first), whose.second), left);
    if (!fresh) at->second = std::min(at->second, left);
  }
  std::lock_guard<std::mutex> guard(r.expiry_mutex);
  auto before = std::exchange(r.expiries, {});
  for (const auto& [whose, left] : labeled) {
    auto& gauge = r.f.expiry.Add({{"app", whose.first}, {"gateway", whose.second}});
    gauge.Set(left);
    r.expiries.push_back(&gauge);
  }
  for (auto* each : before)
    if (std::find(r.expiries.begin(), r.expiries.end(), each) == r.expiries.end()) r.f.expiry.Remove(each);
}

void metrics::fan_out(const fan_out_counters& totals, size_t under_way, bool leading) {
  auto& row = reporters_->fan_out;
  row.rows.raise(totals.rows_read);
  row.targets.raise(totals.targets + totals.skipped);
  row.skipped.raise(totals.skipped);
  row.notifications.Set(static_cast<double>(under_way));
  row.leading.Set(leading ? 1 : 0);
}

void metrics::writer(unsigned index, const writer_counters& totals) {
  auto& row = reporters_->row(reporters_->writers, index, reporters_->f);
  row.fresh.raise(totals.rows);
  row.repeated.raise(totals.repeated);
  row.tokens.raise(totals.tokens_disabled);
  row.completed.raise(totals.completed);
}

void metrics::accepted_after(lane urgency, const duration_counts<launch_scale>& counts) {
  auto& histogram = reporters_->f.launch_seconds.Add({{"lane", std::string(to_string(urgency))}},
                                                     boundaries<launch_scale>());
  observe(histogram, counts);
}

void metrics::journal_depth(const journal::depths& depths) {
  auto set = [this](const char* place, uint64_t entries, uint64_t oldest_ms) {
    reporters_->f.entries.Add({{"place", place}}).Set(static_cast<double>(entries));
    reporters_->f.oldest.Add({{"place", place}}).Set(static_cast<double>(oldest_ms) / 1000);
  };
  set("launches", depths.launches, depths.launches_oldest_ms);
  set("push", depths.push, depths.push_oldest_ms);
  set("results", depths.results, depths.results_oldest_ms);
  set("later", depths.later, depths.later_overdue_ms);
  set("dead_letters", depths.dead_letters, depths.dead_letters_oldest_ms);
  for (auto through : all_gateways)
    for (auto urgency : {lane::transactional, lane::campaign}) {
      auto found = depths.queues.find({through, urgency});
      auto here = found == depths.queues.end() ? journal::backlog{} : found->second;
      Labels of{{"gateway", std::string(to_string(through))}, {"lane", std::string(to_string(urgency))}};
      reporters_->f.queue_entries.Add(of).Set(static_cast<double>(here.entries));
      reporters_->f.queue_oldest.Add(of).Set(static_cast<double>(here.oldest_ms) / 1000);
    }
}

void metrics::redis_memory(unsigned percent) {
  reporters_->f.redis_memory.Add({}).Set(percent / 100.0);
}

void metrics::journal_rebuilding(bool now) {
  reporters_->f.rebuilding.Add({}).Set(now ? 1 : 0);
}

void metrics::journal_rebuilt() {
  reporters_->f.rebuilds.Add({}).Increment();
}

void metrics::role_restarted(const char* role) {
  reporters_->f.restarts.Add({{"role", role}}).Increment();
}

void metrics::token_hold_began(std::string_view gateway) {
  reporters_->f.token_holds.Add({{"gateway", std::string(gateway)}}).Increment();
}

void metrics::dead_letter(const char* stage, const char* reason) {
  reporters_->f.dead_letters.Add({{"stage", stage}, {"reason", reason}}).Increment();
}

void metrics::webhook_answered(const char* result, size_t events_taken) {
  reporters_->f.webhook_requests.Add({{"result", result}}).Increment();
  reporters_->f.webhook_events.Add({}).Increment(static_cast<double>(events_taken));
}

void metrics::webhook_disabled(std::string_view reason) {
  reporters_->f.webhooks_disabled.Add({{"reason", std::string(reason)}}).Increment();
}

void metrics::webhooks_waiting(size_t count) {
  reporters_->f.webhooks_waiting.Add({}).Set(static_cast<double>(count));
}

void metrics::self_checked(const self_check_findings& found) {
  auto& f = reporters_->f;
  std::map<std::string, size_t> by_kind{{"under_way", 0}, {"ended", 0}};
  for (const auto& each : found.differences)
    ++by_kind[each.kind];
  for (const auto& [kind, count] : by_kind)
    f.differences.Add({{"kind", kind}}).Set(static_cast<double>(count));
  f.checked.Add({{"kind", "under_way"}}).Increment(static_cast<double>(found.under_way));
  f.checked.Add({{"kind", "ended"}}).Increment(static_cast<double>(found.ended));
  f.checked_at.Add({}).Set(static_cast<double>(found.at) / 1000);
  f.under_way.Add({{"state", "audience"}}).Set(static_cast<double>(found.audience));
  f.under_way.Add({{"state", "settled"}}).Set(static_cast<double>(found.settled));
  f.under_way.Add({{"state", "pending"}}).Set(static_cast<double>(found.pending));
  f.open_holds.Add({}).Set(static_cast<double>(found.open_holds));
}

void metrics::purged(const char* what, uint64_t rows) {
  reporters_->f.purged.Add({{"what", what}}).Increment(static_cast<double>(rows));
}

void metrics::peers(size_t alive, size_t connected) {
  auto& f = reporters_->f;
  f.peers.Add({{"connected", "yes"}}).Set(static_cast<double>(connected));
  f.peers.Add({{"connected", "no"}}).Set(static_cast<double>(alive - std::min(alive, connected)));
}

void metrics::certificate_ends(utc_ms at) {
  reporters_->f.certificate.Add({}).Set(static_cast<double>(at - now_ms()) / 1000);
}

void metrics::reporters::ask(const node_moment& now) {
  f.ready.Add({}).Set(now.ready ? 1 : 0);
  for (const auto& [name, ok] : now.checks)
    f.checks.Add({{"check", name}}).Set(ok ? 1 : 0);
  f.epoch.Add({}).Set(static_cast<double>(now.epoch));
  f.lease.Add({}).Set(now.lease_remaining_seconds);
  auto process = read_process();
  f.resident.Add({}).Set(process.resident_bytes);
  f.descriptors.Add({}).Set(process.open_descriptors);
  f.most_descriptors.Add({}).Set(process.most_descriptors);
  f.threads.Add({}).Set(process.threads);
  f.started.Add({}).Set(process.started_at);
  asked.cpu.raise(process.cpu_seconds);
  auto lines = log::counts();
  for (size_t i = 0; i < asked.levels.size(); ++i)
    asked.levels[i].raise(lines.written[i]);
  asked.repeated.raise(lines.repeated);
  asked.unwritable.raise(lines.unwritable);
  asked.exported.raise(now.spans_exported);
  asked.dropped.raise(now.spans_dropped);
  asked.failed.raise(now.spans_failed);
  f.files_set_aside.Add({}).Set(static_cast<double>(redis_files_set_aside_at()) / 1000);
  asked.redis.raise(latencies_of_stores().redis.now());
  asked.mariadb.raise(latencies_of_stores().mariadb.now());
}

std::string metrics::text(http::metrics_format format, const node_moment& now) const {
  std::lock_guard<std::mutex> guard(reporters_->asking);
  reporters_->ask(now);
  auto families = reporters_->f.registry.Collect();
  if (format == http::metrics_format::openmetrics) return openmetrics_text(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace pusher
