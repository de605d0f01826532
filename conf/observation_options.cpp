#include "conf/observation_checks.hpp"
#include "conf/option_builders.hpp"
#include "conf/wrong.hpp"

namespace pusher {

void add_observation_options(std::vector<option>& to) {
  to.push_back(choice_option("log.level", "trace, debug, info, warn or error.",
                             {"trace", "debug", "info", "warn", "error"}, FIELD(log_level)));
  to.push_back(choice_option("log.format",
                             "json for programs, text for people, auto: text on a terminal and else json.",
                             {"json", "text", "auto"}, FIELD(log_format)));
  to.push_back(text_option("trace.endpoint",
                           "Where spans go by OTLP over HTTP, e.g. http://127.0.0.1:4318; empty: nothing is "
                           "traced.",
                           FIELD(trace.endpoint)));
  to.push_back(number_option("trace.sample_percent",
                             "Of the calls that bring no trace of their own, so many are traced.", 0, 100,
                             FIELD(trace.sample_percent)));
  to.push_back(number_option("trace.queue_spans",
                             "Spans that wait for the collector; more are dropped and counted.", 16,
                             1'000'000, FIELD(trace.queue_spans)));
  to.push_back(number_option("trace.timeout_seconds", "Longest wait for the collector's answer.", 1, 60,
                             FIELD(trace.timeout_seconds)));
  to.push_back(path_option("trace.ca_file",
                           "Certificate authorities for the collector; empty = the system's.",
                           FIELD(trace.ca_file)));
}

result<void> check_observation(const settings& values) {
  const auto& endpoint = values.trace.endpoint;
  if (endpoint.empty()) return {};
  auto behind = endpoint.find("://");
  auto scheme = endpoint.substr(0, behind);
  bool known = behind != std::string::npos && (scheme == "http" || scheme == "https");
  auto rest = known ? endpoint.substr(behind + 3) : std::string();
  if (known && !rest.empty() && rest.front() != '/' && rest.find_first_of(" @?#") == std::string::npos)
    return {};
  return wrong(
      "trace.endpoint is an address such as http://127.0.0.1:4318 or https://otel.example.com/otlp.");
}

}  // namespace pusher
