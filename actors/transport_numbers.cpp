#include "actors/transport_numbers.hpp"

#include "transports/verdict_table.hpp"

namespace pusher {

void transport_numbers::add(const std::string& app, std::string_view gateway, const transport_stats& stats) {
  owner whose{app, std::string(gateway)};
  auto& into = of[whose];
  into.add_counters(stats);
  add_moment(into, stats);
  add_tally(whose, stats.tally);
}

void transport_numbers::add_past(const std::string& app, std::string_view gateway,
                                 const transport_stats& stats) {
  owner whose{app, std::string(gateway)};
  of[whose].add_counters(stats);
  add_tally(whose, stats.tally);
}

void transport_numbers::add_moment(transport_stats& to, const transport_stats& stats) {
  to.in_flight += stats.in_flight;
  to.queued += stats.queued;
  to.connections += stats.connections;
  // Of one that has none it is a guess.
  if (stats.connections > 0) to.stream_capacity += stats.stream_capacity;
  to.breaker_open = to.breaker_open || stats.breaker_open;
  to.credential_refused = to.credential_refused || stats.credential_refused;
  if (!stats.token) return;
  // Of several the one that is nearest to its end speaks for all.
  if (!to.token || stats.token->ends < to.token->ends) to.token = stats.token;
}

void transport_numbers::add_tally(const owner& whose, const push_tally& tally) {
  latency[whose.second] += tally.latency;
  if (!tally.table) return;
  size_t place = 0;
  for (const auto& rule : *tally.table) {
    if (place == push_tally::most_rules) break;
    if (auto count = tally.by_rule[place++]; count > 0)
      attempts[{whose, std::string(attempt_outcome(rule)), attempt_reason(rule)}] += count;
  }
  if (tally.unlisted > 0) attempts[{whose, "unknown", "unlisted"}] += tally.unlisted;
  if (tally.unanswered > 0) attempts[{whose, "unknown", "no_answer"}] += tally.unanswered;
}

}  // namespace pusher
