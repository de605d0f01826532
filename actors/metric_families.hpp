// Every family of metrics, with its help: what docs/observability.md lists. For metrics.cpp alone.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace pusher {

using counter_family = prometheus::Family<prometheus::Counter>;
using gauge_family = prometheus::Family<prometheus::Gauge>;
using histogram_family = prometheus::Family<prometheus::Histogram>;

struct metric_families {
  prometheus::Registry registry;

  counter_family& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  gauge_family& gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  histogram_family& histograms(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  // -- the node --
  gauge_family& build = gauges("pusher_build_info", "Always 1; the version is a label.");
  gauge_family& ready = gauges("pusher_ready", "1 while /readyz is 200.");
  gauge_family& checks = gauges("pusher_check_ok", "1 while a check of /readyz is well; 0 while it fails.");
  counter_family& restarts = counters("pusher_role_restarts_total", "Role actors that were started again.");
  gauge_family& peers = gauges("pusher_cluster_peers", "Other nodes that live, by whether we are connected.");
  gauge_family& certificate = gauges("pusher_cluster_certificate_expires_seconds",
                                     "Time until this node's certificate in the cluster expires.");
  gauge_family& resident = gauges("process_resident_memory_bytes", "Resident memory of the node process.");
  counter_family& cpu =
      counters("process_cpu_seconds_total", "Processor time of the node process, user and kernel.");
  gauge_family& descriptors = gauges("process_open_fds", "Open file descriptors of the node process.");
  gauge_family& most_descriptors =
      gauges("process_max_fds", "File descriptors that the node process may open.");
  gauge_family& threads = gauges("process_threads", "Threads of the node process.");
  gauge_family& started =
      gauges("process_start_time_seconds", "When the node process was started, since the Unix epoch.");
  counter_family& log_lines = counters("pusher_log_lines_total", "Lines of the log, by level.");
  counter_family& log_lines_lost =
      counters("pusher_log_lines_lost_total",
               "Lines that the log does not have: sampled because they repeat, or unwritable because whoever "
               "reads it does not take more.");
  counter_family& spans =
      counters("pusher_trace_spans_total", "Spans by what became of them: exported, dropped, failed.");

  // -- the API --
  counter_family& requests = counters("pusher_http_requests_total", "Answered HTTP requests.");
  histogram_family& request_seconds = histograms(
      "pusher_http_request_seconds", "Time from a request's arrival at an api actor to its answer.");

  // -- fan-out --
  gauge_family& leading =
      gauges("pusher_fan_out_leading", "1 while fan-out works here, which it does on the leader alone.");
  gauge_family& epoch =
      gauges("pusher_fan_out_epoch", "The epoch in which this process leads; 0 while it does not.");
  gauge_family& lease =
      gauges("pusher_fan_out_lease_remaining_seconds",
             "How long this process may lead without renewing its lease; 0 while it does not lead.");
  gauge_family& notifications = gauges("pusher_fan_out_notifications", "Notifications in fan-out.");
  counter_family& devices_read = counters("pusher_fan_out_devices_read_total", "Devices looked at.");
  counter_family& targets = counters("pusher_fan_out_targets_total", "Targets put into the journal.");

  // -- the journal --
  gauge_family& entries = gauges("pusher_journal_entries", "Entries in the journal by place.");
  gauge_family& oldest =
      gauges("pusher_journal_oldest_age_seconds",
             "Age of the oldest entry by place; of what waits for a time, how long it is overdue.");
  gauge_family& queue_entries =
      gauges("pusher_push_queue_entries", "Push batches in the journal, of all applications.");
  gauge_family& queue_oldest = gauges("pusher_push_queue_oldest_age_seconds",
                                      "Age of the oldest push batch in the journal, of all applications.");
  gauge_family& rebuilding = gauges(
      "pusher_journal_rebuilding", "1 while the journal in Redis is lost and is being rebuilt from MariaDB.");
  counter_family& rebuilds = counters("pusher_journal_rebuilds_total",
                                      "Times that this node rebuilt the journal in Redis from MariaDB.");
  gauge_family& files_set_aside =
      gauges("pusher_redis_files_set_aside_timestamp_seconds",
             "When the embedded Redis was last started without its files, because they were damaged; 0 = not "
             "since this node started.");
  counter_family& dead_letters = counters("pusher_dead_letters_total",
                                          "Journal entries that were given up and wait for an operator, by "
                                          "stage and reason: no_progress, unusable.");
  gauge_family& redis_memory =
      gauges("pusher_redis_memory_ratio",
             "Used memory of Redis, of its own limit, or without one of the machine's memory.");
  histogram_family& store_seconds =
      histograms("pusher_store_request_seconds", "Time that a store took to answer, a commit for instance.");

  // -- push-senders --
  counter_family& deliveries = counters("pusher_deliveries_total", "Targets that got their outcome.");
  counter_family& batches = counters("pusher_push_batches_total", "Push batches by what happened.");
  gauge_family& open_batches = gauges("pusher_push_batches_open", "Claimed push batches.");
  counter_family& put_aside = counters("pusher_targets_put_aside_total", "Targets that wait for a retry.");
  counter_family& push_requests = counters("pusher_gateway_requests_total", "Requests sent to gateways.");
  counter_family& attempts =
      counters("pusher_gateway_attempts_total",
               "Targets whose request was answered or left without an answer, by what that means and why.");
  histogram_family& gateway_seconds = histograms(
      "pusher_gateway_request_seconds", "Time from a request's start to the gateway's whole answer.");
  gauge_family& in_flight = gauges("pusher_gateway_requests_in_flight", "Requests without an answer.");
  gauge_family& queued =
      gauges("pusher_gateway_targets_queued", "Targets that a sender holds and has not sent yet.");
  gauge_family& connections = gauges("pusher_gateway_connections", "Open connections to gateways.");
  gauge_family& streams =
      gauges("pusher_gateway_streams", "Requests that the open connections can carry at the same time.");
  gauge_family& breaker = gauges("pusher_gateway_breaker_open", "1 while no new requests are started.");
  gauge_family& refused =
      gauges("pusher_gateway_credential_refused", "1 while nobody gets through with the credential in use.");
  counter_family& held =
      counters("pusher_gateway_held_seconds_total",
               "Time in which a target could not be sent for want of something: streams, records, rate, "
               "breaker, credential.");
  gauge_family& allowed =
      gauges("pusher_gateway_allowed_requests_per_second",
             "Requests a second that the whole cluster may make with the credentials in use here.");
  gauge_family& token_age = gauges(
      "pusher_gateway_token_age_seconds",
      "Age of the access token (FCM, Huawei) or provider token (APNs) in use; it is renewed by itself.");
  gauge_family& token_expiry =
      gauges("pusher_gateway_token_expires_seconds",
             "Time until the access or provider token in use ends; negative once it has, and pushes wait.");
  gauge_family& expiry = gauges("pusher_credential_expires_seconds",
                                "Time until the credential in use expires; negative once it has.");

  // -- result-writers --
  counter_family& rows = counters("pusher_delivery_rows_total", "Result rows by novelty.");
  histogram_family& launch_seconds =
      histograms("pusher_launch_to_acceptance_seconds",
                 "Time from a notification's launch until a gateway took the push, of each push, as its row "
                 "is stored.");
  counter_family& tokens = counters("pusher_tokens_disabled_total", "Dead push tokens that were disabled.");
  counter_family& token_holds = counters(
      "pusher_token_holds_total",
      "Times that far more tokens than usual were called dead, and their deletion waits for an operator.");
  gauge_family& open_holds =
      gauges("pusher_token_holds_open", "Held deletions that wait for an operator, as the leader sees it.");
  counter_family& completed = counters("pusher_notifications_completed_total", "Completed notifications.");

  // -- the leader's self-check --
  gauge_family& differences =
      gauges("pusher_self_check_differences",
             "Notifications whose targets do not add up, as the leader sees it; an alarm.");
  counter_family& checked =
      counters("pusher_self_check_notifications_total",
               "Notifications whose targets the leader has added up, by where they stood.");
  counter_family& purged =
      counters("pusher_purged_rows_total",
               "Rows that the leader has removed because they were deleted or too old, by what they were.");
  gauge_family& checked_at =
      gauges("pusher_self_check_timestamp_seconds", "When the leader looked last; 0 = never.");
  gauge_family& under_way = gauges("pusher_under_way_targets",
                                   "Targets of the notifications under way, as the leader added them up.");

  // -- webhooks --
  counter_family& webhook_requests =
      counters("pusher_webhook_requests_total", "Requests to receivers of webhooks.");
  counter_family& webhook_events =
      counters("pusher_webhook_events_total", "Events that receivers have taken.");
  counter_family& webhooks_disabled =
      counters("pusher_webhooks_disabled_total",
               "Webhooks that were disabled because their receiver was gone, or failed until the last try.");
  gauge_family& webhooks_waiting = gauges("pusher_webhooks_waiting", "Webhooks that wait for another try.");
};

}  // namespace pusher
