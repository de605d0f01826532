// Jobs that were given up, until an operator decides: into the journal again, or dropped with their targets
// failed. Every decision is one step in Redis: whoever comes second, or repeats, finds the letter gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/job.hpp"
#include "model/result.hpp"
#include "storage/journal_codec.hpp"
#include "storage/journal_keys.hpp"
#include "storage/redis.hpp"

namespace pusher {

struct dead_letter {
  std::string id;     ///< of its entry among the dead letters
  std::string queue;  ///< from which push queue; empty = from the results
  std::string entry;  ///< what it was there
  std::string owner;  ///< who held it last
  std::string reason;
  utc_ms buried_at = 0;
  std::optional<push_batch> batch;  ///< without the targets that have a result
  std::optional<result_batch> results;
  size_t settled = 0;  ///< targets that have one

  bool readable() const { return batch || results; }
  notification_key notification() const;
  size_t targets() const;
};

/// Not thread-safe. Errors of every call: journal_unavailable, journal_lost.
class dead_letter_box {
 public:
  dead_letter_box(const redis_settings& endpoint, std::string run_id)
      : redis_(endpoint, journal_pledge{journal_keys(endpoint.cluster).run, run_id}),
        keys_(endpoint.cluster),
        run_id_(std::move(run_id)) {}

  /// The oldest first, from the one behind `after` (empty = from the first) up to `last` (empty = to the
  /// end).
  result<std::vector<dead_letter>> list(const std::string& after, const std::string& last, size_t most);
  /// Its id; empty when there is none.
  result<std::string> newest();
  /// Errors: not_found.
  result<dead_letter> get(const std::string& id);
  /// What has no result yet goes into its stream again, without strikes. Whether it was there. Errors:
  /// corrupt_data when it cannot be read.
  result<bool> requeue(const dead_letter& letter);
  /// Its targets become `failed`; of one that cannot be read nobody knows them. Whether it was there.
  result<bool> drop(const dead_letter& letter);

 private:
  result<bool> decided(result<redis_reply> reply) const;
  dead_letter read(const redis_reply& entry) const;

  redis redis_;
  journal_keys keys_;
  std::string run_id_;
};

}  // namespace pusher
