// Credentials in MariaDB: the authority on which there are and which are active. Secrets come and go sealed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/credential.hpp"
#include "storage/connection.hpp"
#include "storage/database.hpp"

namespace pusher {

/// More are refused, so that a forgotten rotation shows.
constexpr size_t most_credentials_per_gateway = 10;

/// All active credentials of all applications, as of one moment.
struct credential_snapshot {
  struct entry {
    credential value;
    std::string application_name;
  };
  uint64_t version = 0;
  application_id default_application;  ///< whose the credentials of configuration files are; 0 = nobody's
  std::vector<entry> active;           ///< the one to be used first
};

class credential_store {
 public:
  explicit credential_store(database& db) : db_(db) {}

  /// Errors: conflict (the name is taken, there are too many).
  result<credential> create(const credential& fresh);
  /// Those of a gateway by their name. Errors: not_found.
  result<std::vector<credential>> list(application_id app);
  result<credential> get(application_id app, const std::string& id);
  /// Errors: not_found, conflict.
  result<credential> rename(application_id app, const std::string& id, const std::string& name);
  /// The one activated last is used. `again`: it is put first although it was active already.
  result<credential> set_active(application_id app, const std::string& id, bool active);
  result<void> erase(application_id app, const std::string& id);
  /// What a verification found; `trouble` empty = the gateway took it.
  result<credential> note_verification(application_id app, const std::string& id, const std::string& trouble);

  /// Gateways that an application has an active credential for.
  result<std::vector<credential>> active_of(application_id app);
  /// Whose the credentials of configuration files are; 0 = nobody's.
  result<application_id> default_application();
  /// Changes whenever the snapshot does.
  result<uint64_t> version();
  result<credential_snapshot> snapshot();

  /// The id of the key that the cluster seals with: `own`, when there is none yet.
  result<std::string> secrets_key(const std::string& own);
  /// Seals everything anew that another key than `own` sealed, and makes it the cluster's. `reseal` gives
  /// nothing for what it cannot open. How many rows changed.
  result<size_t> reseal(const std::string& own,
                        const std::function<std::optional<std::string>(const credential&)>& reseal);

 private:
  database& db_;
};

/// The snapshot changed: to be called in the transaction that changed applications or credentials.
result<void> bump_credentials(database::connection& on);

}  // namespace pusher
