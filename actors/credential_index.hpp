// What senders know of the cluster's credentials: all but their secrets, as a text in Redis.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/credential.hpp"
#include "model/result.hpp"
#include "storage/credential_store.hpp"
#include "transports/transport.hpp"

namespace pusher {

struct listed_credential {
  std::string id;  ///< the public one
  application_id application;
  pusher::gateway gateway = gateway::fcm;
  bool production = true, sandbox = true;
  /// Names what it is bound to, for key_ring::open().
  std::string seal_context() const;
  bool serves(push_route route) const;
};

struct credential_index {
  application_id default_application;  ///< whose the credentials of configuration files are; 0 = nobody's
  std::vector<listed_credential> credentials;                             ///< the one to be used first
  std::vector<std::pair<application_id, std::string>> application_names;  ///< of those that have credentials

  /// The one to be used; null when there is none.
  const listed_credential* find(push_route route) const;
  const std::string& name_of(application_id app) const;
};

credential_index index_of(const credential_snapshot& snapshot);
std::string to_text(const credential_index& index);
/// Errors: corrupt_data.
result<credential_index> parse_credential_index(std::string_view text);

/// Channels that an active credential serves.
channel_set channels_of(const credential& which);

std::string to_text(const std::set<push_route>& routes);
std::set<push_route> parse_routes(std::string_view text);

}  // namespace pusher
