// What operators see of the journal: what waits where, who holds it, and where one notification's targets
// are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/job.hpp"
#include "model/result.hpp"
#include "storage/journal_keys.hpp"
#include "storage/redis.hpp"

namespace pusher {

struct stream_survey {
  struct owner {
    std::string consumer;
    uint64_t claimed = 0;
    bool alive = false;    ///< its process's heartbeat is there
    uint64_t idle_ms = 0;  ///< since its oldest claim was made
  };
  std::string queue;  ///< of push batches; empty = another stream
  uint64_t depth = 0, claimed = 0;
  uint64_t oldest_ms = 0;    ///< age of the oldest entry, 0 = there is none
  uint64_t outstanding = 0;  ///< targets without a result, of a push queue
  std::vector<owner> owners;
};

struct streams_survey {
  std::vector<stream_survey> queues;  ///< those that hold something, the deepest first; at most 200
  uint64_t idle_queues = 0;
  stream_survey results, launches;
  uint64_t later = 0, later_overdue_ms = 0;  ///< put aside; by how much the first of them is overdue
  uint64_t dead_letters = 0, dead_letter_oldest_ms = 0;
  struct held_batches {
    notification_key notification;
    uint64_t batches = 0;
  };
  std::vector<held_batches> held;  ///< of paused notifications
};

/// Where a notification's targets are in the journal. Counts are of one look while everything goes on.
struct targets_survey {
  bool fan_out_known = false;
  uint64_t cursor = 0, audience = 0;
  int64_t pending = 0;  ///< targets without a row, as Redis counts them
  std::optional<pusher::control> control;
  uint64_t waiting = 0;  ///< in push streams, without a result
  uint64_t results = 0;  ///< have one, and no row yet
  uint64_t later = 0;    ///< wait for another try or their turn
  utc_ms next_due_at = 0;
  uint64_t held = 0;     ///< as the notification is paused
  uint64_t dead = 0;     ///< in dead letters
  bool complete = true;  ///< false: there was too much to look at all of it
  uint64_t accounted() const { return waiting + results + later + held + dead; }
};

/// Not thread-safe. Errors of every call: journal_unavailable.
class journal_survey {
 public:
  explicit journal_survey(const redis_settings& endpoint) : redis_(endpoint), keys_(endpoint.cluster) {}

  result<streams_survey> streams();
  result<targets_survey> targets_of(notification_key key, application_id app);
  /// Targets without a row, as Redis counts them, in the order of the keys; nothing = it knows no count.
  result<std::vector<std::optional<int64_t>>> pending_of(const std::vector<notification_key>& keys);

 private:
  result<std::vector<std::string>> queue_names();
  result<void> survey_rest(streams_survey& into);
  result<void> count_stream(const std::string& stream, const std::string& progress, notification_key key,
                            targets_survey& into, uint64_t& counted);
  result<void> count_later(notification_key key, targets_survey& into);
  result<void> count_held(notification_key key, targets_survey& into);

  redis redis_;
  journal_keys keys_;
};

}  // namespace pusher
