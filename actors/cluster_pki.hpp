// The files of a cluster's certificate authority and of its nodes: made, found, renewed.
#pragma once

#include <string>
#include <vector>

#include "actors/cluster_files.hpp"

namespace pusher {

/// Makes the authority in a directory (0700): `ca.pem` and `ca.key` (0600). A key without a certificate, as
/// an interrupted call leaves it, gets its certificate. Errors: conflict when an authority is there,
/// invalid_configuration.
result<void> init_ca(const std::string& directory);

struct issued_files {
  std::string directory;  ///< absolute; a link that leads to the newest files
  cluster_files files;
  utc_ms ends_at = 0;
};

/// A certificate for a node: `<out>/<name>` becomes a link to a directory with `certificate.pem`, `key.pem`
/// and `ca.pem` (0600). Where it exists, all three change at one moment. Errors: invalid_field for a name or
/// host that cannot be, invalid_configuration.
result<issued_files> issue(const std::string& ca_directory, const std::string& name,
                           const std::string& out_directory, const std::vector<std::string>& hosts);

/// The files of a cluster that is this machine's alone, in `<data>/cluster`: the authority in `ca`, its
/// node's in `node`. Made when absent, renewed when less than 30 days are left. May be called by several
/// processes at once. Errors: invalid_configuration.
result<cluster_files> ensure_local_pki(const std::string& data_directory);

/// Where ensure_local_pki puts them; nothing is made or looked at.
cluster_files local_cluster_files(const std::string& data_directory);

}  // namespace pusher
