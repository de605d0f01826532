#include "tests/emulator/statistics_page.hpp"

#include <string>

namespace pusher::emulator {

namespace {

std::string member(const char* name, uint64_t value) {
  return "\"" + std::string(name) + "\": " + std::to_string(value);
}

std::string statuses_text(const push_counters& counters) {
  std::string text;
  for (size_t status = 0; status < counters.by_status.size(); ++status) {
    if (counters.by_status[status] == 0) continue;
    text += (text.empty() ? "" : ", ") + member(std::to_string(status).c_str(), counters.by_status[status]);
  }
  return "\"by_status\": {" + text + "}";
}

std::string gateway_text(gateway_kind kind, const statistics& stats) {
  const auto& counters = stats.gateways[index_of(kind)];
  std::string text = "\"" + std::string(name_of(kind)) + "\": {" + member("requests", counters.requests) +
                     ", " + member("accepted", counters.accepted) + ", " +
                     member("duplicates_accepted", counters.duplicates_accepted) + ", " +
                     member("connections", counters.connections) + ", ";
  if (kind == gateway_kind::apns) text += member("hpack_violations", stats.hpack_violations) + ", ";
  if (kind == gateway_kind::webpush) text += member("reused_keys", stats.reused_webpush_keys) + ", ";
  return text + statuses_text(counters) + "}";
}

push_counters sum_of(const statistics& stats) {
  push_counters sum;
  for (const auto& each : stats.gateways) {
    sum.requests += each.requests;
    sum.duplicates_accepted += each.duplicates_accepted;
    for (size_t status = 0; status < sum.by_status.size(); ++status)
      sum.by_status[status] += each.by_status[status];
  }
  return sum;
}

}  // namespace

void show_statistics(const statistics& stats, const token_endpoint& tokens,
                     const hms_token_endpoint& hms_tokens, reply& answer) {
  auto& text = answer.body;
  auto put = [&text](const char* name, uint64_t value) { text += "  " + member(name, value) + ",\n"; };
  auto sum = sum_of(stats);
  text = "{\n";
  put("requests", sum.requests);
  put("unique_tokens_accepted", stats.unique_tokens_accepted);
  put("duplicates_accepted", sum.duplicates_accepted);
  put("open_streams", stats.open_streams);
  put("max_open_streams", stats.max_open_streams);
  put("stream_violations", stats.stream_violations);
  put("connections", stats.connections);
  put("open_connections", stats.open_connections);
  put("resumed_sessions", stats.resumed_sessions);
  put("mints", tokens.mints());
  put("mints_refused", tokens.refusals());
  put("hms_mints", hms_tokens.mints());
  put("hms_mints_refused", hms_tokens.refusals());
  put("other_requests", stats.other_requests);
  put("redirects_followed", stats.redirects_followed);
  text += "  " + statuses_text(sum) + ",\n  \"gateways\": {";
  for (size_t i = 0; i < gateway_count; ++i)
    text += (i == 0 ? "\n    " : ",\n    ") + gateway_text(static_cast<gateway_kind>(i), stats);
  text += "\n  }\n}\n";
}

}  // namespace pusher::emulator
