// Names of everything the journal keeps in Redis. All carry the cluster's name as prefix and hash tag:
// clusters may share a Redis, and all of one shares a slot.
#pragma once

#include <string>

#include "model/ids.hpp"

namespace pusher {

namespace keys {

inline const char* const launch_group = "fan-out";
inline const char* const sender_group = "push-sender";
inline const char* const result_group = "result-writer";
inline const char* const last_strike =
    "5";  ///< claims without progress after which an entry is a dead letter

}  // namespace keys

class journal_keys {
 public:
  explicit journal_keys(const std::string& cluster) : prefix_("{" + cluster + "}:") {}

 private:
  const std::string prefix_;

 public:
  const std::string& prefix() const { return prefix_; }
  const std::string run = prefix_ + "run";      ///< run id: which journal this is
  const std::string epoch = prefix_ + "epoch";  ///< the leader's epoch
  const std::string turn = prefix_ + "turn";    ///< under which name the leader asks now
  const std::string pages = prefix_ + "pages";  ///< number of the last page of fan-out that was appended
  const std::string launches = prefix_ + "launches";  ///< stream of wake-ups for fan-out
  const std::string queues = prefix_ + "queues";      ///< set of push queues that were ever used
  const std::string push_prefix = prefix_ + "push:";  ///< + queue: stream of push batches
  const std::string results = prefix_ + "results";    ///< stream of result batches
  const std::string result_progress = prefix_ + "progress:results";
  const std::string outstanding = prefix_ + "outstanding";  ///< hash queue -> targets without a result
  const std::string pending = prefix_ + "pending";          ///< hash notification -> targets without a row
  const std::string later = prefix_ + "later";              ///< sorted set: put-aside jobs by due time
  const std::string later_jobs = prefix_ + "later:jobs";    ///< hash: their queue and payload
  const std::string dead_letters = prefix_ + "dead";        ///< stream of entries given up
  /// Hash: notification -> 1 paused, 2 canceled, 3 released; version.
  const std::string control = prefix_ + "control";
  const std::string shared = prefix_ + "shared";            ///< hash: small values that processes share
  const std::string credentials = prefix_ + "credentials";  ///< hash: version, index, closed routes
  const std::string sealed_credentials = prefix_ + "credentials:sealed";    ///< hash: id -> sealed text
  const std::string credential_troubles = prefix_ + "credentials:trouble";  ///< hash: id -> what is wrong
  /// Hash: node with senders -> when it said so, and the channels that its configuration has credentials for.
  const std::string configured = prefix_ + "credentials:configured";
  const std::string heartbeat_prefix =
      prefix_ + "alive:";  ///< + node/boot: there while the process lives; its lifetime in ms
  const std::string nodes = prefix_ + "nodes";            ///< hash: node/boot -> its record
  const std::string nodes_seen = prefix_ + "nodes:seen";  ///< hash: node/boot -> when it was last heard
  const std::string stages = prefix_ + "stages";          ///< hash: stage -> since when operators hold it

  std::string push(const std::string& queue) const { return push_prefix + queue; }
  std::string push_progress(const std::string& queue) const { return prefix_ + "progress:" + queue; }
  std::string fan_out(notification_key key) const { return of("fan-out:", key); }
  std::string held(notification_key key) const { return of("held:", key); }
  std::string content(notification_key key) const { return of("content:", key); }
  std::string rate(const std::string& credential) const { return prefix_ + "rate:" + credential; }

 private:
  std::string of(const char* what, notification_key key) const {
    return prefix_ + what + std::to_string(key.value);
  }
};

}  // namespace pusher
