// The three files by which a node shows that it belongs to its cluster, and what must hold of them.
#pragma once

#include <string>

#include "model/clock.hpp"
#include "model/result.hpp"

namespace pusher {

/// Paths. CAF reads all three for every connection, as client and as server.
struct cluster_files {
  std::string certificate;  ///< PEM: the node's own, then those between it and its authority, if any
  std::string key;          ///< PEM, without a pass phrase
  std::string ca;           ///< PEM: who issued the other nodes' certificates; several while that changes
};

/// By the names that all directories of ours have for them.
inline cluster_files cluster_files_in(const std::string& directory) {
  return {directory + "/certificate.pem", directory + "/key.pem", directory + "/ca.pem"};
}

/// What the files held when they were read and found to be sound.
struct cluster_identity {
  std::string certificate, key, ca;  ///< PEM
  std::string subject;               ///< of the certificate
  utc_ms certificate_ends_at = 0;
  utc_ms ca_ends_at = 0;  ///< of the authority that issued it
};

/// Reads the files and checks that a node can use them: regular files, readable by us and the key by nobody
/// else, the key belongs to the certificate, which the authority issued for clients and servers, and all are
/// valid now. Errors: invalid_configuration, which names the setting (cluster.certificate, .key, .ca), the
/// file, what is wrong and how to mend it.
result<cluster_identity> read_cluster_files(const cluster_files& files);

/// Whether OpenSSL loads the files as CAF will make it. Errors: invalid_configuration.
result<void> try_cluster_files(const cluster_files& files);

/// Both of the above.
result<void> check_cluster_files(const cluster_files& files);

/// When the first certificate in the file ends. Errors: invalid_configuration.
result<utc_ms> certificate_ends_at(const std::string& file);

}  // namespace pusher
