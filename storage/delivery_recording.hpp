// Recording results: rows once, dead tokens, counters, completion.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "model/job.hpp"
#include "storage/connection.hpp"
#include "storage/delivery_store.hpp"
#include "storage/feed_rows.hpp"

namespace pusher {

/// Writes the results of one call within the caller's transaction. The row (notification, device) is the only
/// key of deduplication: what has a row already, from an earlier or a concurrent call, counts no more and
/// disables no token.
class delivery_recording {
 public:
  /// `uncounted`: answers of earlier calls that the guard of mass deletion does not know yet; see
  /// uncounted().
  delivery_recording(database::connection& on, const std::vector<result_batch>& batches,
                     const token_guard_bounds& guard, uncounted_answers uncounted);

  /// How rows that may exist already are told from new ones.
  enum class mode : uint8_t {
    optimistic,  ///< inserts all; when some existed, nothing is known and `mixed` is set
    careful      ///< reads what exists first
  };
  /// After a failure with mixed() the transaction must be rolled back and run again, in careful mode.
  result<delivery_store::recorded> run(mode how);
  bool mixed() const { return mixed_; }
  /// What is uncounted now; good when the transaction is committed.
  uncounted_answers uncounted() const { return uncounted_; }

 private:
  struct row {
    notification_key notification;
    const push_result* value = nullptr;
    const result_batch* of = nullptr;
  };

  result<void> leave_out_missing();
  result<void> leave_out_existing();
  result<void> insert_rows();
  result<size_t> settle_dead_tokens();
  result<size_t> disable(std::vector<const row*> dead);
  result<void> note_disabled(const std::vector<const row*>& dead);
  result<void> move_environments();
  result<void> replace_tokens();
  result<void> add_counts();
  result<void> add_counts(const std::array<uint64_t, all_outcomes.size()>& counts,
                          const std::vector<notification_key>& of);
  result<void> complete();
  result<void> tell();
  void measure();

  database::connection& on_;
  std::vector<row> rows_;  ///< in primary-key order, without repeats
  delivery_store::recorded outcome_;
  feed_rows feed_;
  const token_guard_bounds& guard_;
  uncounted_answers uncounted_;
  struct launch {
    lane urgency = lane::campaign;
    utc_ms at = 0;  ///< 0 = it had no single moment
  };
  std::map<notification_key, application_id> applications_;
  std::map<notification_key, launch> launches_;
  bool mixed_ = false;
};

}  // namespace pusher
