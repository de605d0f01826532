// Names of everything the journal keeps in Redis. One prefix and one hash tag, so that all of it shares a
// slot.
#pragma once

#include <string>

#include "model/ids.hpp"

namespace pusher::keys {

inline const std::string run = "{pusher}:run";            ///< run id: which journal this is
inline const std::string epoch = "{pusher}:epoch";        ///< the leader's epoch
inline const std::string launches = "{pusher}:launches";  ///< stream of wake-ups for fan-out
inline const std::string queues = "{pusher}:queues";      ///< set of push queues that were ever used
inline const std::string push_prefix = "{pusher}:push:";  ///< + queue: stream of push batches
inline const std::string results = "{pusher}:results";    ///< stream of result batches
inline const std::string result_progress = "{pusher}:progress:results";
inline const std::string outstanding = "{pusher}:outstanding";  ///< hash queue -> targets without a result
inline const std::string pending = "{pusher}:pending";        ///< hash notification -> targets without a row
inline const std::string later = "{pusher}:later";            ///< sorted set: put-aside jobs by due time
inline const std::string later_jobs = "{pusher}:later:jobs";  ///< hash: their queue and payload
inline const std::string dead_letters = "{pusher}:dead";      ///< stream of entries given up
inline const std::string control =
    "{pusher}:control";                               ///< hash: notification -> 1 paused, 2 canceled; version
inline const std::string shared = "{pusher}:shared";  ///< hash: small values that processes share
inline const std::string credentials = "{pusher}:credentials";  ///< hash: version, index, closed routes
inline const std::string sealed_credentials = "{pusher}:credentials:sealed";    ///< hash: id -> sealed text
inline const std::string credential_troubles = "{pusher}:credentials:trouble";  ///< hash: id -> what is wrong
inline const std::string heartbeat_prefix =
    "{pusher}:alive:";  ///< + node/boot: there while the process lives

inline const char* const launch_group = "fan-out";
inline const char* const sender_group = "push-sender";
inline const char* const result_group = "result-writer";
inline const char* const last_strike =
    "5";  ///< claims without progress after which an entry is a dead letter

inline std::string push(const std::string& queue) {
  return push_prefix + queue;
}
inline std::string push_progress(const std::string& queue) {
  return "{pusher}:progress:" + queue;
}
inline std::string fan_out(notification_key key) {
  return "{pusher}:fan-out:" + std::to_string(key.value);
}
inline std::string held(notification_key key) {
  return "{pusher}:held:" + std::to_string(key.value);
}
inline std::string rate(const std::string& credential) {
  return "{pusher}:rate:" + credential;
}
inline std::string content(notification_key key) {
  return "{pusher}:content:" + std::to_string(key.value);
}

}  // namespace pusher::keys
