// Every setting of a node, with its default. conf/load.hpp fills it from file, environment and flags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conf/network.hpp"
#include "model/retention.hpp"

namespace pusher {

/// `host:port`; port 0 asks the system for a free one.
struct listen_address {
  std::string host;
  uint16_t port = 0;
};

enum class role : uint8_t { api, fan_out, push_sender, result_writer };

/// One element of a role list: `push-sender:fcm=2`.
struct role_entry {
  pusher::role role = role::api;
  std::vector<std::string> gateways;  ///< push-sender only; empty = all
  unsigned count = 1;
};

struct redis_settings {
  std::string cluster = "pusher";  ///< name of the cluster, which all its keys carry
  std::string host;                ///< empty together with an empty unix_socket = embedded
  uint16_t port = 6379;
  std::string password;
  unsigned database = 0;
  std::string unix_socket;
};

struct mysql_settings {
  std::string host;  ///< empty together with an empty unix_socket = embedded
  uint16_t port = 3306;
  std::string user = "pusher";
  std::string password;
  std::string database = "pusher";
  std::string unix_socket;
};

/// How nodes and operators reach this node over CAF.
struct cluster_settings {
  listen_address listen{"127.0.0.1", 4270};
  std::string advertise;             ///< HOST:PORT for other nodes; empty = where it listens
  std::string certificate, key, ca;  ///< PEM files; all or none: made in the data directory
  uint32_t heartbeat_ms = 500;
  uint32_t timeout_ms = 2000;  ///< of silence; then a peer is disconnected
};

struct embedded_settings {
  std::string buffer_pool = "256M";  ///< InnoDB's buffer pool of the embedded MariaDB
  std::string maxmemory = "512M";    ///< of the embedded Redis
};

struct fcm_settings {
  std::string service_account_file;  ///< empty = no FCM credential
  std::string base_url = "https://fcm.googleapis.com";
  std::string ca_file;                     ///< empty = the system's certificate authorities
  bool validate_only = false;              ///< FCM checks every push and delivers none
  uint32_t messages_per_minute = 600'000;  ///< of the whole cluster; 0 = no limit
  uint32_t ramp_seconds = 60;              ///< from an idle start to the full rate; 0 = at once
};

/// FCM's legacy API, for compatible proxies.
struct fcm_legacy_settings {
  std::string server_key;  ///< empty = not used
  std::string base_url = "https://fcm.googleapis.com";
  std::string ca_file;
};

inline constexpr const char* apple_production = "https://api.push.apple.com";
inline constexpr const char* apple_sandbox = "https://api.sandbox.push.apple.com";

struct apns_settings {
  std::string key_file;  ///< .p8; empty together with certificate_file = no APNs credential
  std::string key_id;
  std::string team_id;
  std::string topic;  ///< bundle id
  std::string certificate_file;
  std::string certificate_password;
  std::string base_url = apple_production;
  std::string sandbox_base_url;  ///< see sandbox_url()
  std::string ca_file;

  bool configured() const { return !key_file.empty() || !certificate_file.empty(); }
  /// Empty = there is no sandbox.
  std::string sandbox_url() const {
    if (!sandbox_base_url.empty()) return sandbox_base_url;
    return base_url == apple_production ? apple_sandbox : "";
  }
};

struct webpush_settings {
  std::string vapid_key_file;  ///< empty = no Web Push
  std::string subject;
  std::string ca_file;
  std::vector<std::string> allowed_hosts;  ///< empty = any with a public address
  bool allow_private_addresses = false;
};

struct hms_settings {
  std::string app_id;  ///< empty = no HMS
  std::string app_secret;
  std::string project_id;      ///< empty = API v1
  bool validate_only = false;  ///< no option: Huawei checks every push and delivers none
  std::string base_url = "https://push-api.cloud.huawei.com";
  std::string token_url = "https://oauth-login.cloud.huawei.com/oauth2/v3/token";
  std::string ca_file;
};

/// For callers of other services; see docs/compatibility.md.
struct compat_settings {
  bool gorush = false;
  std::string gorush_key;  ///< of calls without one; empty = there are none
  std::vector<network> gorush_open_to = loopback_networks();  ///< those callers that need no key
  unsigned gorush_max_notifications = 100;
  unsigned gorush_sync_seconds = 0;  ///< 0 = outcomes are not waited for
  std::string gorush_ios_environment = "production";
  bool gorush_hide_tokens = true;
};

struct webhooks_settings {
  std::vector<uint16_t> ports{443, 8443};  ///< that receivers may listen on
  bool allow_private_addresses = false;
  std::string ca_file;
  unsigned per_application = 20;
  unsigned concurrent_requests = 32;  ///< of the node that delivers
  size_t body_bytes = 256 * 1024;
  unsigned timeout_seconds = 15;
  /// Waits after failed tries; after the one behind the last, the webhook is disabled. In all about two days.
  std::vector<uint32_t> retry_seconds{5, 300, 1'800, 7'200, 18'000, 36'000, 50'400, 72'000};
  unsigned secret_overlap_seconds = 86'400;
  unsigned attempts_kept = 100;  ///< per webhook
};

struct limits_settings {
  size_t request_body_bytes = 1024 * 1024;
  size_t request_bytes_in_memory = 32 * 1024 * 1024;
  unsigned concurrent_requests = 2000;
  unsigned concurrent_requests_per_key = 1000;    ///< and never more than are left for others
  uint32_t requests_per_second_per_key = 20'000;  ///< of a key without a limit of its own; 0 = no limit
  unsigned wrong_keys_per_second = 20;            ///< from one address; 0 = no limit
  unsigned notifications_under_way = 10'000;  ///< launched and not completed; beyond it nothing is launched
  unsigned redis_memory_percent = 80;         ///< beyond it nothing is launched; 100 = no limit
  unsigned http_header_seconds = 8;
  unsigned http_body_seconds = 30;
  unsigned http_keep_alive_seconds = 60;
  unsigned devices_per_batch = 500;
  unsigned connections_per_credential = 32;
  unsigned transports_per_sender = 64;    ///< open at once: one per application, gateway and environment
  unsigned transport_idle_seconds = 600;  ///< then an uploaded credential's transport is closed
  unsigned metric_applications = 50;      ///< applications that metrics name; the rest is `other`
  unsigned unrecorded_answers = 256;      ///< answers a sender may hold that are not in the journal yet
  unsigned record_interval_ms = 100;      ///< longest time an answer waits for its record
  unsigned request_timeout_seconds = 15;  ///< per push; FCM asks for at least 10
  unsigned attempts = 5;                  ///< answered requests per target before it is `failed`
  unsigned retry_budget_percent = 50;     ///< retries per credential, of its first attempts; 0 = no limit
  unsigned retry_wait_cap_seconds = 60;   ///< longest wait of our own rule; a Retry-After is honoured as is
  unsigned mass_deletion_percent = 30;    ///< a greater share of dead tokens is held; 100 = never
  unsigned mass_deletion_minimum = 100;   ///< fewer dead tokens in ten minutes are never held
  unsigned poll_interval_ms = 1000;
  unsigned heartbeat_ms = 2000;
  unsigned lease_ms = 5000;
  unsigned drain_seconds = 25;
  unsigned self_check_seconds = 10;   ///< between two looks of the leader at the books
  unsigned progress_watchers = 1000;  ///< connections that follow a notification's progress
};

/// How long things stay, and how they go; what an application wishes otherwise is in MariaDB.
struct retention_settings {
  retention kept;
  unsigned look_seconds = 3600;  ///< between two looks of the leader for what is too old
  unsigned purge_percent = 20;   ///< of the time that MariaDB may be kept busy with it
};

/// Spans of what is traced, for an OpenTelemetry collector.
struct trace_settings {
  std::string endpoint;  ///< http(s)://HOST:PORT, to which /v1/traces is added; empty = nothing is traced
  unsigned sample_percent = 1;  ///< of the calls that bring no trace of their own
  unsigned queue_spans = 4096;  ///< that wait for the collector; more are dropped and counted
  unsigned timeout_seconds = 10;
  std::string ca_file;
  bool enabled() const { return !endpoint.empty(); }
};

struct settings {
  std::string node_name;  ///< default: the host's name
  /// Default: all. Two api actors: a slow request leaves the other free.
  std::vector<role_entry> roles{
      {role::api, {}, 2}, {role::fan_out, {}, 1}, {role::push_sender, {}, 1}, {role::result_writer, {}, 1}};
  std::string data_directory = "pusher-data";
  embedded_settings embedded;
  std::string secrets_key_file;  ///< empty = one in the data directory
  limits_settings limits;
  listen_address admin{"127.0.0.1", 8081};
  listen_address api{"127.0.0.1", 8080};
  std::vector<std::string> cors_allowed_origins;  ///< of pages that may read answers; empty = none
  redis_settings redis;
  mysql_settings mysql;
  cluster_settings cluster;
  fcm_settings fcm;
  fcm_legacy_settings fcm_legacy;
  apns_settings apns;
  webpush_settings webpush;
  hms_settings hms;
  compat_settings compat;
  webhooks_settings webhooks;
  retention_settings retained;
  std::string log_level = "info";   ///< trace, debug, info, warn, error
  std::string log_format = "auto";  ///< json, text, auto
  trace_settings trace;

  /// Whether a role of this node reaches MariaDB; senders need Redis alone.
  bool needs_mysql() const;
  bool embedded_redis() const { return redis.host.empty() && redis.unix_socket.empty(); }
  bool embedded_mysql() const { return mysql.host.empty() && mysql.unix_socket.empty(); }
};

}  // namespace pusher
