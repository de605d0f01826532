#include "actors/inspect/node_client.hpp"

#include <sys/stat.h>

#include "actors/caf_config.hpp"
#include "actors/cluster_address.hpp"
#include "actors/cluster_parts.hpp"
#include "actors/cluster_pki.hpp"
#include "actors/inspection.hpp"
#include "conf/load.hpp"

namespace pusher {

namespace {

error nobody(const std::string& why) {
  return {errc::gateway_unavailable, why, "", 0};
}

bool is_there(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

std::string address_of(const settings& config, const std::string& node) {
  if (!node.empty()) return node;
  if (auto written = read_address(config.data_directory)) return *written;
  const auto& cluster = config.cluster;
  return cluster.advertise.empty() ? to_text(cluster.listen) : cluster.advertise;
}

/// The files by which we are known; checked, because CAF aborts on those that it cannot read.
result<cluster_files> files_of(const settings& config) {
  auto configured = configured_cluster_files(config.cluster);
  auto files = configured ? *configured : local_cluster_files(config.data_directory);
  if (!configured && !is_there(files.certificate))
    return nobody(
        "No node has run in " + config.data_directory +
        " yet, and no certificate is configured. Name the node's configuration with --config, or its "
        "directory with --data-directory.");
  if (auto sound = check_cluster_files(files); !sound) return sound.failure();
  return files;
}

class connected_client : public node_client {
 public:
  connected_client(const settings& config, const cluster_files& files, std::string address)
      : config_(config, files), system_(config_), self_(system_), address_(std::move(address)) {}

  result<void> join(const listen_address& at) {
    auto made = connect_to(system_, at.host, at.port);
    if (!made.peer) return nobody("No connection to the node at " + address_ + ": " + made.why);
    node_ = std::move(made.peer);
    return {};
  }

  const std::string& address() const override { return address_; }

  result<answer> ask(const std::string& command, const std::vector<std::string>& arguments) override {
    result<answer> made =
        error{errc::timed_out, "The node at " + address_ + " did not answer in time.", "", 0};
    self_->request(node_, operator_wait, inspect_question{command, arguments, false})
        .receive(
            [&](const inspect_answer& said) {
              made = answer{said.ok, said.text};
            },
            [&](const caf::error& why) {
              if (why == caf::sec::unexpected_message)
                made = nobody("The node at " + address_ + " speaks another version of the protocol.");
            });
    return made;
  }

 private:
  caf_config config_;
  caf::actor_system system_;
  caf::scoped_actor self_;
  std::string address_;
  directory_actor node_;
};

}  // namespace

result<std::unique_ptr<node_client>> node_client::connect(const settings& config, const std::string& node) {
  auto address = address_of(config, node);
  auto at = split_address(address);
  if (!at) return error{errc::invalid_field, "The node is given as HOST:PORT, not '" + address + "'.", "", 0};
  auto files = files_of(config);
  if (!files) return files.failure();
  auto made = std::make_unique<connected_client>(config, *files, address);
  if (auto joined = made->join(*at); !joined) return joined.failure();
  return result<std::unique_ptr<node_client>>(std::move(made));
}

}  // namespace pusher
