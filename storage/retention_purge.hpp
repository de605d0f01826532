// Finds what was kept long enough, and removes it in small steps: each application's, by its own terms.
#pragma once

#include <map>
#include <vector>

#include "model/clock.hpp"
#include "model/ids.hpp"
#include "model/result.hpp"
#include "model/retention.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// Goes through everything in rounds, by key and never by a scan that begins anew with each step. Of one
/// owner; another one beside it would do the same work again, and no harm: each deletion judges once more
/// what it deletes.
class retention_purge {
 public:
  /// `usual`: the terms of applications that wish nothing else.
  retention_purge(database& db, const retention& usual) : db_(db), usual_(usual) {}

  struct counts {
    uint64_t notifications = 0;  ///< deleted; their rows are left to deleted_notifications
    uint64_t feed_rows = 0;      ///< of many events each
    uint64_t history = 0;        ///< entries of devices' histories
    uint64_t devices = 0;
    uint64_t idempotency_keys = 0;
    uint64_t total() const { return notifications + feed_rows + history + devices + idempotency_keys; }
  };

  /// Begins a round: what is too old by now, as applications wish by now.
  result<void> begin();
  /// One step, of at most so many rows; false once the round has ended.
  result<bool> step(size_t most_rows);
  /// Of this round.
  const counts& done() const { return done_; }

 private:
  struct term {
    application_id app;
    retention kept;
  };
  enum class stage : uint8_t { notifications, feed, history, devices, idempotency_keys, ended };

  bool of_each_application() const { return stage_ != stage::history && stage_ != stage::idempotency_keys; }
  result<bool> look_further(size_t most_rows);
  // Each removes something and says whether there may be more.
  result<bool> delete_notifications(const term& of, size_t most_rows);
  result<bool> purge_feed(const term& of);
  result<bool> purge_history(size_t most_rows);
  result<bool> purge_devices(const term& of, size_t most_rows);
  result<bool> purge_idempotency_keys(size_t most_rows);
  const term* term_of(uint64_t app) const;
  utc_ms days_ago(uint32_t days) const { return days == 0 ? 0 : now_ - utc_ms{days} * 86'400'000; }
  utc_ms hours_ago(uint32_t hours) const { return now_ - utc_ms{hours} * 3'600'000; }
  void go_on_behind();

  database& db_;
  const retention usual_;
  std::vector<term> terms_;  ///< of the applications there are, in the order of their keys
  utc_ms now_ = 0;           ///< by the database's clock, when the round began
  stage stage_ = stage::ended;
  size_t at_ = 0;        ///< the application under way
  uint64_t cursor_ = 0;  ///< within it, or within all
  counts done_;
};

}  // namespace pusher
