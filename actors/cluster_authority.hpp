// A cluster's private certificate authority, in memory: it makes the certificates by which nodes know each
// other. Whoever has a certificate of it is a full member of the cluster, so it serves nothing else.
#pragma once

#include <string>
#include <vector>

#include "model/clock.hpp"
#include "model/result.hpp"

namespace pusher {

constexpr int authority_days = 10 * 365;
constexpr int certificate_days = 825;

struct cluster_authority {
  std::string certificate, key;  ///< PEM
};

/// A self-signed certificate for the key (P-256, PEM), valid from now. One made later for the same key
/// replaces it: what was issued under either is good under both. Errors: invalid_configuration for a key that
/// is none, internal.
result<cluster_authority> make_authority(const std::string& key);

struct issued_certificate {
  std::string certificate, key;  ///< PEM; the key is fresh
  std::string serial;            ///< 16 hexadecimal digits
  utc_ms ends_at = 0;            ///< never after the authority's end
};

/// For a node, as server and client, on these hosts (DNS names and addresses). Errors: invalid_field for a
/// name or host that cannot be, invalid_configuration for an authority that cannot issue, internal.
result<issued_certificate> issue_certificate(const cluster_authority& from, const std::string& name,
                                             const std::vector<std::string>& hosts);

/// Whether it may name a node: 1 to 63 letters, digits, `.`, `_` and `-`, the first of them a letter or
/// digit.
bool is_node_name(const std::string& text);

}  // namespace pusher
