// What the leader of fan-out does for credentials: it knows which channels applications can be reached by,
// keeps Redis equal to MariaDB, seals with the newest key, and watches for what will expire.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/metrics.hpp"
#include "conf/settings.hpp"
#include "storage/credential_store.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"
#include "transports/key_ring.hpp"
#include "transports/transport.hpp"

namespace pusher {

class credential_keeper {
 public:
  /// `configured`: channels that this node's configuration has a credential for; of those that senders
  /// elsewhere have, the journal knows. `tell_expiry` hears each second how long credentials are still good.
  credential_keeper(const settings& config, channel_set configured, std::shared_ptr<const key_ring> secrets,
                    database& db, journal& to, std::function<void(const credential_expiries&)> tell_expiry);

  /// Begins anew, as a leader of this epoch.
  void lead(uint64_t epoch);
  void stand_down();
  /// Whether reachable() changed. What is reachable has been published before. Errors: the stores', fenced.
  result<bool> follow();
  /// The rounds of a leader, once a poll interval; as follow().
  result<bool> poll(utc_ms now);

  const reachability& reachable() const { return reachable_; }

 private:
  struct expiring {
    std::string app, gateway, name;
    utc_ms at = 0;
  };

  result<void> seal_with_newest_key();
  result<void> check_redis();
  result<channel_set> ask_senders(utc_ms now);
  void watch_expiry(utc_ms now);
  void note_expiries(const credential_snapshot& snapshot);

  const channel_set configured_;
  const std::shared_ptr<const key_ring> secrets_;
  credential_store store_;
  journal& journal_;
  const std::function<void(const credential_expiries&)> tell_expiry_;
  channel_set elsewhere_;  ///< configured for senders of other nodes
  uint64_t epoch_ = 0;
  uint64_t version_ = 0;  ///< 0 = nothing is known yet
  bool resealed_ = false;
  reachability reachable_;
  std::vector<expiring> expiring_;
  utc_ms certificate_ends_at_ = 0;        ///< of the configuration's
  std::map<std::string, size_t> warned_;  ///< credential and end -> steps of warning told
};

}  // namespace pusher
