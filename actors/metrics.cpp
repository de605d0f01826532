#include "actors/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace pusher {

namespace {

using counter_family = prometheus::Family<prometheus::Counter>;
using gauge_family = prometheus::Family<prometheus::Gauge>;

counter_family& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

gauge_family& gauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  long total = 0, resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

struct metrics::families {
  explicit families(size_t most) : most_applications(most) {}

  prometheus::Registry registry;
  counter_family& requests = counters(registry, "pusher_http_requests_total", "Answered HTTP requests.");
  prometheus::Histogram& request_seconds =
      prometheus::BuildHistogram()
          .Name("pusher_http_request_seconds")
          .Help("Time from a request's arrival at an api actor to its answer.")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10});
  counter_family& deliveries =
      counters(registry, "pusher_deliveries_total", "Targets that got their outcome.");
  counter_family& sender_batches =
      counters(registry, "pusher_push_batches_total", "Push batches by what happened.");
  counter_family& put_aside =
      counters(registry, "pusher_targets_put_aside_total", "Targets that wait for a retry.");
  gauge_family& open_batches = gauges(registry, "pusher_push_batches_open", "Claimed push batches.");
  counter_family& push_requests =
      counters(registry, "pusher_gateway_requests_total", "Requests sent to gateways.");
  gauge_family& in_flight =
      gauges(registry, "pusher_gateway_requests_in_flight", "Requests without an answer.");
  gauge_family& connections = gauges(registry, "pusher_gateway_connections", "Open connections to gateways.");
  gauge_family& breaker =
      gauges(registry, "pusher_gateway_breaker_open", "1 while no new requests are started.");
  gauge_family& expiry = gauges(registry, "pusher_credential_expires_seconds",
                                "Time until the credential in use expires; negative once it has.");
  counter_family& fan_out_rows =
      counters(registry, "pusher_fan_out_devices_read_total", "Devices looked at.");
  counter_family& fan_out_targets =
      counters(registry, "pusher_fan_out_targets_total", "Targets put into the journal.");
  gauge_family& notifications = gauges(registry, "pusher_fan_out_notifications", "Notifications in fan-out.");
  gauge_family& leading = gauges(registry, "pusher_fan_out_leading", "1 while this process leads fan-out.");
  counter_family& rows = counters(registry, "pusher_delivery_rows_total", "Result rows by novelty.");
  counter_family& tokens =
      counters(registry, "pusher_tokens_disabled_total", "Dead push tokens that were disabled.");
  counter_family& completed =
      counters(registry, "pusher_notifications_completed_total", "Completed notifications.");
  gauge_family& depth = gauges(registry, "pusher_journal_entries", "Entries in the journal by place.");
  prometheus::Gauge& rebuilding =
      gauges(registry, "pusher_journal_rebuilding",
             "1 while the journal in Redis is lost and is being rebuilt from MariaDB.")
          .Add({});
  prometheus::Counter& rebuilds = counters(registry, "pusher_journal_rebuilds_total",
                                           "Times that this node rebuilt the journal in Redis from MariaDB.")
                                      .Add({});
  counter_family& token_holds = counters(
      registry, "pusher_token_holds_total",
      "Times that far more tokens than usual were called dead, and their deletion waits for an operator.");
  counter_family& dead_letters = counters(registry, "pusher_dead_letters_total",
                                          "Journal entries that were given up and wait for an operator, by "
                                          "stage and reason: no_progress, unusable.");
  counter_family& webhook_requests =
      counters(registry, "pusher_webhook_requests_total", "Requests to receivers of webhooks.");
  counter_family& webhook_events =
      counters(registry, "pusher_webhook_events_total", "Events that receivers have taken.");
  counter_family& webhooks_disabled =
      counters(registry, "pusher_webhooks_disabled_total",
               "Webhooks that were disabled because their receiver was gone, or failed until the last try.");
  gauge_family& webhooks_waiting =
      gauges(registry, "pusher_webhooks_waiting", "Webhooks that wait for another try.");
  gauge_family& peers =
      gauges(registry, "pusher_cluster_peers", "Other nodes that live, by whether we are connected.");
  gauge_family& certificate = gauges(registry, "pusher_cluster_certificate_expires_seconds",
                                     "Time until this node's certificate in the cluster expires.");
  gauge_family& differences =
      gauges(registry, "pusher_self_check_differences",
             "Notifications whose targets do not add up, as the leader sees it; an alarm.");
  counter_family& checked =
      counters(registry, "pusher_self_check_notifications_total",
               "Notifications whose targets the leader has added up, by where they stood.");
  gauge_family& checked_at =
      gauges(registry, "pusher_self_check_timestamp_seconds", "When the leader looked last; 0 = never.");
  counter_family& purged =
      counters(registry, "pusher_purged_rows_total",
               "Rows that the leader has removed because they were deleted or too old, by what they were.");
  gauge_family& targets = gauges(registry, "pusher_under_way_targets",
                                 "Targets of the notifications under way, as the leader added them up.");
  counter_family& restarts =
      counters(registry, "pusher_role_restarts_total", "Role actors that were started again.");
  prometheus::Gauge& memory =
      gauges(registry, "pusher_process_resident_bytes", "Resident memory of the node process.").Add({});
  std::mutex mutex;
  std::map<std::string, double> reported;
  const size_t most_applications;
  std::set<std::string> applications;  ///< that have a label of their own
  std::map<unsigned, std::vector<std::pair<gauge_family*, prometheus::Gauge*>>> of_sender;
  std::vector<prometheus::Gauge*> expiries;

  /// Only the sender itself touches them.
  std::vector<std::pair<gauge_family*, prometheus::Gauge*>>& gauges_of(unsigned sender) {
    std::lock_guard<std::mutex> guard(mutex);
    return of_sender[sender];
  }

  /// The label of an application: the number of labels is bounded, whatever their owners do.
  std::string label_of(const std::string& app) {
    std::lock_guard<std::mutex> guard(mutex);
    if (applications.count(app) > 0) return app;
    if (applications.size() >= most_applications) return "other";
    applications.insert(app);
    return app;
  }

  /// Raises a counter to a running total of one reporter.
  void raise(counter_family& family, const prometheus::Labels& labels, const std::string& reporter,
             uint64_t total) {
    std::string key = reporter;
    for (const auto& [name, value] : labels)
      key += "|" + name + "=" + value;
    std::lock_guard<std::mutex> guard(mutex);
    auto& before = reported[std::to_string(reinterpret_cast<uintptr_t>(&family)) + key];
    auto now = static_cast<double>(total);
    // A restarted actor counts from zero again.
    if (now < before) before = 0;
    family.Add(labels).Increment(now - before);
    before = now;
  }
};

metrics::metrics(size_t most_applications) : families_(std::make_unique<families>(most_applications)) {
  gauges(families_->registry, "pusher_build_info", "Always 1; the version is a label.")
      .Add({{"version", PUSHER_VERSION}})
      .Set(1);
}

metrics::~metrics() = default;

void metrics::request_answered(int status, double seconds) {
  families_->requests.Add({{"status", std::to_string(status)}}).Increment();
  families_->request_seconds.Observe(seconds);
}

void metrics::sender(unsigned index, const sender_counters& totals, size_t open_batches) {
  auto& f = *families_;
  auto who = "sender" + std::to_string(index);
  for (auto each : all_outcomes)
    f.raise(f.deliveries, {{"outcome", std::string(to_string(each))}}, who, totals.outcomes[each]);
  f.raise(f.sender_batches, {{"event", "claimed"}}, who, totals.batches_claimed);
  f.raise(f.sender_batches, {{"event", "finished"}}, who, totals.batches_finished);
  f.raise(f.sender_batches, {{"event", "fenced"}}, who, totals.batches_fenced);
  f.raise(f.sender_batches, {{"event", "split"}}, who, totals.batches_split);
  f.raise(f.put_aside, {}, who, totals.put_aside);
  f.open_batches.Add({{"sender", std::to_string(index)}}).Set(static_cast<double>(open_batches));
}

void metrics::transports(unsigned index, const transport_numbers& numbers) {
  auto& f = *families_;
  transport_numbers labeled;
  for (const auto& [whose, stats] : numbers.of)
    labeled.add(f.label_of(whose.first), whose.second, stats);
  auto& gauges = f.gauges_of(index);
  auto before = std::exchange(gauges, {});
  auto set = [&](gauge_family& family, const prometheus::Labels& labels, double value) {
    auto& gauge = family.Add(labels);
    gauge.Set(value);
    gauges.emplace_back(&family, &gauge);
  };
  for (const auto& [whose, stats] : labeled.of) {
    prometheus::Labels of{{"app", whose.first}, {"gateway", whose.second}};
    f.raise(f.push_requests, of, "transport" + std::to_string(index), stats.requests);
    of.emplace("sender", std::to_string(index));
    set(f.in_flight, of, static_cast<double>(stats.in_flight));
    set(f.connections, of, static_cast<double>(stats.connections));
    set(f.breaker, of, stats.breaker_open ? 1 : 0);
  }
  for (const auto& each : before)
    if (std::find(gauges.begin(), gauges.end(), each) == gauges.end()) each.first->Remove(each.second);
}

void metrics::credentials_expire(const credential_expiries& seconds) {
  auto& f = *families_;
  credential_expiries labeled;
  for (const auto& [whose, left] : seconds) {
    auto [at, fresh] = labeled.emplace(std::pair(f.label_of(whose.first), whose.second), left);
    if (!fresh) at->second = std::min(at->second, left);
  }
  auto before = std::exchange(f.expiries, {});
  for (const auto& [whose, left] : labeled) {
    auto& gauge = f.expiry.Add({{"app", whose.first}, {"gateway", whose.second}});
    gauge.Set(left);
    f.expiries.push_back(&gauge);
  }
  for (auto* each : before)
    if (std::find(f.expiries.begin(), f.expiries.end(), each) == f.expiries.end()) f.expiry.Remove(each);
}

void metrics::fan_out(const fan_out_counters& totals, size_t under_way, bool leading) {
  auto& f = *families_;
  f.raise(f.fan_out_rows, {}, "fan_out", totals.rows_read);
  f.raise(f.fan_out_targets, {}, "fan_out", totals.targets + totals.skipped);
  f.notifications.Add({}).Set(static_cast<double>(under_way));
  f.leading.Add({}).Set(leading ? 1 : 0);
  f.raise(f.deliveries, {{"outcome", "skipped"}}, "fan_out", totals.skipped);
}

void metrics::writer(unsigned index, const writer_counters& totals) {
  auto& f = *families_;
  auto who = "writer" + std::to_string(index);
  f.raise(f.rows, {{"row", "new"}}, who, totals.rows);
  f.raise(f.rows, {{"row", "repeated"}}, who, totals.repeated);
  f.raise(f.tokens, {}, who, totals.tokens_disabled);
  f.raise(f.completed, {}, who, totals.completed);
}

void metrics::journal_depth(const journal::depths& depths) {
  auto set = [this](const char* place, uint64_t entries) {
    families_->depth.Add({{"place", place}}).Set(static_cast<double>(entries));
  };
  set("push", depths.push);
  set("results", depths.results);
  set("later", depths.later);
  set("dead_letters", depths.dead_letters);
}

void metrics::journal_rebuilding(bool now) {
  families_->rebuilding.Set(now ? 1 : 0);
}

void metrics::journal_rebuilt() {
  families_->rebuilds.Increment();
}

void metrics::role_restarted(const char* role) {
  families_->restarts.Add({{"role", role}}).Increment();
}

void metrics::token_hold_began(std::string_view gateway) {
  families_->token_holds.Add({{"gateway", std::string(gateway)}}).Increment();
}

void metrics::dead_letter(const char* stage, const char* reason) {
  families_->dead_letters.Add({{"stage", stage}, {"reason", reason}}).Increment();
}

void metrics::webhook_answered(const char* result, size_t events_taken) {
  families_->webhook_requests.Add({{"result", result}}).Increment();
  families_->webhook_events.Add({}).Increment(static_cast<double>(events_taken));
}

void metrics::webhook_disabled(std::string_view reason) {
  families_->webhooks_disabled.Add({{"reason", std::string(reason)}}).Increment();
}

void metrics::webhooks_waiting(size_t count) {
  families_->webhooks_waiting.Add({}).Set(static_cast<double>(count));
}

void metrics::self_checked(const self_check_findings& found) {
  std::map<std::string, size_t> by_kind{{"under_way", 0}, {"ended", 0}};
  for (const auto& each : found.differences)
    ++by_kind[each.kind];
  for (const auto& [kind, count] : by_kind)
    families_->differences.Add({{"kind", kind}}).Set(static_cast<double>(count));
  families_->checked.Add({{"kind", "under_way"}}).Increment(static_cast<double>(found.under_way));
  families_->checked.Add({{"kind", "ended"}}).Increment(static_cast<double>(found.ended));
  families_->checked_at.Add({}).Set(static_cast<double>(found.at) / 1000);
  families_->targets.Add({{"state", "audience"}}).Set(static_cast<double>(found.audience));
  families_->targets.Add({{"state", "settled"}}).Set(static_cast<double>(found.settled));
  families_->targets.Add({{"state", "pending"}}).Set(static_cast<double>(found.pending));
}

void metrics::purged(const char* what, uint64_t rows) {
  families_->purged.Add({{"what", what}}).Increment(static_cast<double>(rows));
}

void metrics::peers(size_t alive, size_t connected) {
  families_->peers.Add({{"connected", "yes"}}).Set(static_cast<double>(connected));
  families_->peers.Add({{"connected", "no"}}).Set(static_cast<double>(alive - std::min(alive, connected)));
}

void metrics::certificate_ends(utc_ms at) {
  families_->certificate.Add({}).Set(static_cast<double>(at - now_ms()) / 1000);
}

std::string metrics::text() const {
  families_->memory.Set(resident_bytes());
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace pusher
