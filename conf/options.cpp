#include "conf/options.hpp"

#include <algorithm>
#include <limits>

#include "conf/load.hpp"
#include "conf/option_builders.hpp"
#include "model/json.hpp"

namespace pusher {

namespace {

option roles_option() {
  option made;
  made.name = "node.roles";
  made.type = option_type::list;
  made.meaning =
      "What this node does: a list of api, fan-out, push-sender[:GATEWAY+...], result-writer, each with "
      "=COUNT.";
  made.set = [](settings& s, const std::string& text) -> result<void> {
    auto roles = parse_roles(text);
    if (!roles) return roles.failure();
    s.roles = std::move(*roles);
    return {};
  };
  made.get = [](const settings& s) { return to_text(s.roles); };
  return made;
}

std::vector<option> make_options() {
  constexpr uint64_t million = 1'000'000, billion = 1'000'000'000;
  std::vector<option> made;
  made.push_back(text_option("node.name",
                             "The node's name in claims, leases and logs; default: the host's name.",
                             FIELD(node_name)));
  made.push_back(roles_option());
  made.push_back(path_option("data.directory", "Where the node keeps its data; created with mode 0700.",
                             FIELD(data_directory)));
  made.push_back(size_option("embedded.buffer_pool", "InnoDB's buffer pool of the embedded MariaDB.",
                             FIELD(embedded.buffer_pool)));
  made.push_back(
      size_option("embedded.maxmemory", "Memory limit of the embedded Redis.", FIELD(embedded.maxmemory)));
  made.push_back(
      path_option("secrets.key_file",
                  "Keys that encrypt uploaded credentials, the same on every node; empty: the node makes "
                  "one in its data directory.",
                  FIELD(secrets_key_file)));
  made.push_back(listen_option("api.listen", "Where clients connect; port 0 takes a free one.", FIELD(api)));
  made.push_back(
      list_option("api.cors_allowed_origins",
                  "Origins of pages that may call the API from a browser, e.g. https://ops.example.com; "
                  "* = any, empty = none.",
                  FIELD(cors_allowed_origins)));
  made.push_back(listen_option("admin.listen",
                               "Health and metrics, without a key: loopback or a private network only.",
                               FIELD(admin)));
  made.push_back(text_option(
      "redis.host", "Empty together with unix_socket: the node runs a Redis of its own.", FIELD(redis.host)));
  made.push_back(number_option("redis.port", "Redis's TCP port.", 1, 65535, FIELD(redis.port)));
  made.push_back(secret_option("redis.password",
                               "Redis's password; empty = none. password_file names a file that holds it.",
                               FIELD(redis.password)));
  made.push_back(
      number_option("redis.database", "Number of the Redis database.", 0, 15, FIELD(redis.database)));
  made.push_back(
      path_option("redis.unix_socket", "Redis's socket instead of a host.", FIELD(redis.unix_socket)));
  made.push_back(text_option("mysql.host",
                             "Empty together with unix_socket: the node runs a MariaDB of its own.",
                             FIELD(mysql.host)));
  made.push_back(number_option("mysql.port", "MariaDB's TCP port.", 1, 65535, FIELD(mysql.port)));
  made.push_back(text_option("mysql.user", "MariaDB's user.", FIELD(mysql.user)));
  made.push_back(secret_option("mysql.password",
                               "MariaDB's password; empty = none. password_file names a file that holds it.",
                               FIELD(mysql.password)));
  made.push_back(text_option("mysql.database", "Name of the database.", FIELD(mysql.database)));
  made.push_back(
      path_option("mysql.unix_socket", "MariaDB's socket instead of a host.", FIELD(mysql.unix_socket)));
  add_cluster_options(made);
  add_gateway_options(made);
  add_compat_options(made);
  add_webhook_options(made);
  add_retention_options(made);
  made.push_back(number_option("limits.request_body_bytes",
                               "Largest body of a request; imports are streamed and have no limit.", 1024,
                               64 * million, FIELD(limits.request_body_bytes)));
  made.push_back(number_option("limits.request_bytes_in_memory",
                               "Bytes of all request bodies together; beyond it 503.", million, billion,
                               FIELD(limits.request_bytes_in_memory)));
  made.push_back(number_option("limits.concurrent_requests", "Requests under way; beyond it 503.", 1, 100'000,
                               FIELD(limits.concurrent_requests)));
  made.push_back(number_option("limits.concurrent_requests_per_key",
                               "Requests under way of one key; and never more than are left for others.", 1,
                               100'000, FIELD(limits.concurrent_requests_per_key)));
  made.push_back(number_option("limits.requests_per_second_per_key",
                               "Of a key without a limit of its own, per node; beyond it 429. 0 = no limit.",
                               0, million, FIELD(limits.requests_per_second_per_key)));
  made.push_back(
      number_option("limits.wrong_keys_per_second",
                    "Wrong API keys a second from one address, per node; beyond it 429. 0 = no limit.", 0,
                    million, FIELD(limits.wrong_keys_per_second)));
  made.push_back(number_option("limits.notifications_under_way",
                               "Launched and not completed; at this number launching answers 503.", 1,
                               million, FIELD(limits.notifications_under_way)));
  made.push_back(number_option("limits.redis_memory_percent",
                               "Of Redis's memory; beyond it launching answers 503. 100 = no limit.", 1, 100,
                               FIELD(limits.redis_memory_percent)));
  made.push_back(number_option("limits.http_header_seconds", "Longest time for a request's header.", 1, 600,
                               FIELD(limits.http_header_seconds)));
  made.push_back(number_option("limits.http_body_seconds", "Longest time for a request's body.", 1, 3600,
                               FIELD(limits.http_body_seconds)));
  made.push_back(number_option("limits.http_keep_alive_seconds",
                               "Idle connections are closed after this time.", 1, 3600,
                               FIELD(limits.http_keep_alive_seconds)));
  made.push_back(number_option("limits.devices_per_batch", "Devices in one push batch.", 1, 500,
                               FIELD(limits.devices_per_batch)));
  made.push_back(number_option("limits.connections_per_credential",
                               "Most connections of a sender to one gateway.", 1, 64,
                               FIELD(limits.connections_per_credential)));
  made.push_back(number_option("limits.transports_per_sender",
                               "Credentials that a sender uses at once; others wait for their turn.", 1,
                               10'000, FIELD(limits.transports_per_sender)));
  made.push_back(number_option("limits.transport_idle_seconds",
                               "An uploaded credential without work for so long is let go of.", 1, 86'400,
                               FIELD(limits.transport_idle_seconds)));
  made.push_back(number_option("limits.metric_applications",
                               "Applications that metrics name; the rest is `other`.", 0, 10'000,
                               FIELD(limits.metric_applications)));
  made.push_back(number_option("limits.unrecorded_answers",
                               "Answers a sender may hold that are not in the journal yet.", 1, 100'000,
                               FIELD(limits.unrecorded_answers)));
  made.push_back(number_option("limits.record_interval_ms",
                               "Longest time that an answer waits for its record.", 1, 10'000,
                               FIELD(limits.record_interval_ms)));
  made.push_back(number_option("limits.request_timeout_seconds",
                               "Longest wait for a gateway's answer; then the outcome is unknown.", 1, 600,
                               FIELD(limits.request_timeout_seconds)));
  made.push_back(number_option("limits.attempts", "Answered requests per target before it is failed.", 1, 100,
                               FIELD(limits.attempts)));
  made.push_back(number_option("limits.retry_wait_cap_seconds",
                               "Longest wait of our own rule; a gateway's Retry-After is kept.", 1, 3600,
                               FIELD(limits.retry_wait_cap_seconds)));
  made.push_back(
      number_option("limits.retry_budget_percent",
                    "Retries of a credential, of its first attempts; more are put off. 0 = no limit.", 0,
                    1000, FIELD(limits.retry_budget_percent)));
  made.push_back(number_option("limits.mass_deletion_percent",
                               "A greater share of dead tokens waits for an operator; 100 = never.", 1, 100,
                               FIELD(limits.mass_deletion_percent)));
  made.push_back(number_option("limits.mass_deletion_minimum",
                               "Fewer dead tokens than this in ten minutes never wait.", 1, billion,
                               FIELD(limits.mass_deletion_minimum)));
  made.push_back(number_option("limits.poll_interval_ms",
                               "How often a role looks for work without being woken.", 10, 60'000,
                               FIELD(limits.poll_interval_ms)));
  made.push_back(number_option("limits.heartbeat_ms", "A process is taken for dead after three of these.",
                               100, 60'000, FIELD(limits.heartbeat_ms)));
  made.push_back(number_option("limits.lease_ms", "Lifetime of the lead of fan-out without renewal.", 500,
                               60'000, FIELD(limits.lease_ms)));
  made.push_back(number_option("limits.drain_seconds", "Longest time to finish what is in flight at the end.",
                               1, 600, FIELD(limits.drain_seconds)));
  made.push_back(number_option("limits.self_check_seconds",
                               "How often the leader adds up the targets of notifications.", 1, 3600,
                               FIELD(limits.self_check_seconds)));
  made.push_back(number_option("limits.progress_watchers",
                               "Connections that follow a notification's progress; beyond it 503.", 1,
                               100'000, FIELD(limits.progress_watchers)));
  add_observation_options(made);
  return made;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  std::vector<std::string_view> views(known.begin(), known.end());
  auto near = json::nearest(name, views.data(), views.size());
  return near.empty() ? "" : " Did you mean " + std::string(near) + "?";
}

}  // namespace

const std::vector<option>& all_options() {
  static const auto options = make_options();
  return options;
}

const option* find_option(std::string_view name) {
  for (const auto& each : all_options())
    if (each.name == name) return &each;
  return nullptr;
}

std::string nearest_option(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& each : all_options()) {
    names.push_back(each.name);
    if (each.secret) names.push_back(each.name + "_file");
  }
  return did_you_mean(name, names);
}

bool is_section(std::string_view name) {
  const auto& options = all_options();
  return std::any_of(options.begin(), options.end(),
                     [&](const option& each) { return each.section() == name; });
}

std::string nearest_section(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& each : all_options())
    if (names.empty() || names.back() != each.section()) names.push_back(each.section());
  return did_you_mean(name, names);
}

}  // namespace pusher
