#include "conf/cluster_checks.hpp"
#include "conf/option_builders.hpp"

namespace pusher {

namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.rfind("127.", 0) == 0 || host == "::1" || host == "[::1]";
}

bool is_any_address(const std::string& host) {
  return host == "0.0.0.0" || host == "::" || host == "[::]";
}

result<void> check_name(const std::string& name) {
  bool good = !name.empty() && name.size() <= 64;
  for (char c : name)
    good = good && (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.');
  if (!good) return wrong("cluster.name has 1 to 64 letters, digits, '-', '_' or '.'.");
  return {};
}

}  // namespace

void add_cluster_options(std::vector<option>& to) {
  to.push_back(text_option("cluster.name",
                           "Which cluster this is. Clusters of different names may share a Redis; each has a "
                           "database of its own.",
                           FIELD(redis.cluster)));
  to.push_back(
      listen_option("cluster.listen",
                    "Where other nodes and `pusher inspect` connect, over mutual TLS; port 0 takes a "
                    "free one.",
                    FIELD(cluster.listen)));
  to.push_back(text_option("cluster.advertise",
                           "HOST:PORT by which other nodes reach this one; empty: cluster.listen.",
                           FIELD(cluster.advertise)));
  to.push_back(
      path_option("cluster.certificate",
                  "This node's certificate (`pusher cluster issue`); empty, with key and ca: the node "
                  "makes its own, for this machine only.",
                  FIELD(cluster.certificate)));
  to.push_back(path_option("cluster.key", "The certificate's private key, mode 0600.", FIELD(cluster.key)));
  to.push_back(path_option("cluster.ca",
                           "The cluster's own authority: whoever has a certificate of it is a member.",
                           FIELD(cluster.ca)));
  to.push_back(number_option("cluster.heartbeat_ms", "How often nodes say over CAF that they live.", 50,
                             60'000, FIELD(cluster.heartbeat_ms)));
  to.push_back(number_option("cluster.timeout_ms",
                             "A node that said nothing for so long is disconnected; several heartbeats.", 100,
                             600'000, FIELD(cluster.timeout_ms)));
}

result<void> check_cluster(const settings& values) {
  const auto& cluster = values.cluster;
  if (auto good = check_name(values.redis.cluster); !good) return good;
  const std::pair<const char*, const std::string*> files[] = {{"cluster.certificate", &cluster.certificate},
                                                              {"cluster.key", &cluster.key},
                                                              {"cluster.ca", &cluster.ca}};
  std::string missing;
  for (auto [name, path] : files)
    if (path->empty()) missing += std::string(missing.empty() ? "" : ", ") + name;
  bool none = cluster.certificate.empty() && cluster.key.empty() && cluster.ca.empty();
  if (!none && !missing.empty())
    return wrong(missing + ": missing; certificate, key and ca are set together or not at all.");
  if (none && !is_loopback(cluster.listen.host))
    return wrong(
        "cluster.listen = " + cluster.listen.host +
        " is reached from other machines: make certificates with `pusher cluster init-ca` and `pusher "
        "cluster issue`, and set cluster.certificate, cluster.key and cluster.ca.");
  if (cluster.advertise.empty() && is_any_address(cluster.listen.host))
    return wrong("cluster.advertise: missing; " + cluster.listen.host +
                 " is no address that other nodes could connect to. Set HOST:PORT of this node.");
  if (!cluster.advertise.empty()) {
    auto colon = cluster.advertise.rfind(':');
    if (colon == std::string::npos || colon == 0 ||
        !parse_number<uint16_t>(cluster.advertise.substr(colon + 1), 1, 65535))
      return wrong("cluster.advertise is HOST:PORT, such as 10.0.0.7:4270.");
  }
  if (cluster.timeout_ms < 2 * cluster.heartbeat_ms)
    return wrong("cluster.timeout_ms is at least two times cluster.heartbeat_ms.");
  return {};
}

}  // namespace pusher
