#include "actors/sender_report.hpp"

namespace pusher {

namespace {

void write_shares(http::json_text& out, const transport_shares& shares) {
  out.key("permille");
  out.open();
  out.field("thread", shares.loop);
  out.field("streams", shares.streams);
  out.field("records", shares.records);
  out.field("rate", shares.rate);
  out.field("breaker", shares.breaker);
  out.field("credential", shares.credential);
  out.close();
}

}  // namespace

void write_counters(http::json_text& out, const sender_counters& counted, bool results_full) {
  out.field("batches_claimed", counted.batches_claimed);
  out.field("batches_finished", counted.batches_finished);
  out.field("batches_fenced", counted.batches_fenced);
  out.field("put_aside", counted.put_aside);
  out.field("results_full", results_full);
  out.key("outcomes");
  out.open();
  for (auto each : all_outcomes)
    out.field(to_string(each), counted.outcomes[each]);
  out.close();
}

void write_gateway(http::json_text& out, const sender_transports::outlet& of, const std::string& app) {
  auto stats = of.transport->stats();
  out.open();
  out.field("app", app);
  out.field("gateway", to_string(of.route.channel));
  out.field("credential", of.credential.empty() ? std::string("configuration") : of.credential);
  out.field("retired", of.retired);
  out.field("requests", stats.requests);
  out.field("in_flight", stats.in_flight);
  out.field("queued", stats.queued);
  out.field("connections", stats.connections);
  out.field("stream_capacity", stats.stream_capacity);
  write_shares(out, stats.shares);
  if (of.governor && of.governor->governs()) out.field("quota_per_minute", of.governor->per_minute());
  out.field("breaker_open", stats.breaker_open);
  out.field("credential_refused", stats.credential_refused);
  if (!stats.trouble.empty()) out.field("trouble", stats.trouble);
  out.close();
}

}  // namespace pusher
