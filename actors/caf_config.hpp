// How CAF is set up in every process of Pusher: nodes, and `pusher inspect`, which joins them as a guest.
#pragma once

#include <optional>
#include <string>

#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include "actors/cluster_files.hpp"
#include "actors/node_record.hpp"
#include "actors/protocol.hpp"
#include "conf/settings.hpp"

namespace pusher {

/// The files by which the configuration wants this node to be known; nothing = the node makes its own.
inline std::optional<cluster_files> configured_cluster_files(const cluster_settings& config) {
  if (config.certificate.empty()) return std::nullopt;
  return cluster_files{config.certificate, config.key, config.ca};
}

class caf_config : public caf::actor_system_config {
 public:
  /// `files` are all there and sound: without any, CAF would serve strangers.
  caf_config(const settings& config, const cluster_files& files) {
    add_message_types<caf::id_block::pusher>();
    load<caf::io::middleman>();
    load<caf::openssl::manager>();
    // Roles have threads of their own; the scheduler runs the supervisor and the directory.
    set("scheduler.max-threads", 1);
    set("scheduler.policy", caf::atom("sharing"));
    config_file_path.clear();
    // Who says something else is refused: another cluster, or nodes that would misunderstand each other.
    set("middleman.app-identifiers",
        std::vector<std::string>{"pusher-" + std::to_string(cluster_protocol) + "-" + config.redis.cluster});
    set("middleman.heartbeat-interval",
        caf::timespan(std::chrono::milliseconds(config.cluster.heartbeat_ms)));
    set("middleman.connection-timeout", caf::timespan(std::chrono::milliseconds(config.cluster.timeout_ms)));
    openssl_certificate = files.certificate;
    openssl_key = files.key;
    openssl_cafile = files.ca;
  }
};

}  // namespace pusher
