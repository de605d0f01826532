// Deliveries in MariaDB: one final row per notification and device.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/delivery_summary.hpp"
#include "model/delivery_trace.hpp"
#include "model/duration_counts.hpp"
#include "model/job.hpp"
#include "model/result.hpp"
#include "model/results.hpp"
#include "storage/database.hpp"
#include "storage/token_guard.hpp"

namespace pusher {

class delivery_store {
 public:
  explicit delivery_store(database& db, token_guard_bounds guard = {}) : db_(db), guard_(guard) {}

  struct recorded {
    size_t rows = 0;  ///< rows that are new
    size_t tokens_disabled = 0;
    std::vector<notification_key> completed;
    std::vector<std::string> completed_ids;  ///< the same, as clients know them
    struct hold {
      pusher::gateway gateway;
      pusher::environment environment;
      uint64_t id = 0;
    };
    std::vector<hold> holds;                ///< that began: deletions wait for an operator
    std::vector<notification_key> missing;  ///< notifications that have no row: their results were not stored
    /// From the launch until a gateway took the push, of rows that are new; by lane. Where each zone has a
    /// time of its own, the launch says nothing, and they are left out.
    std::map<pusher::lane, duration_counts<launch_scale>> accepted_after;
  };
  /// One transaction, safe to repeat: inserts the rows that are not there yet, disables dead tokens where the
  /// device still holds the token that was pushed to, adds what was new to the counters, completes what is
  /// settled.
  /// `first` is what the transaction begins with, e.g. a check that its results still count.
  using gate = std::function<result<void>(database::connection&)>;
  result<recorded> record(const std::vector<result_batch>& batches, const gate& first = {});

  struct page {
    std::vector<delivery> deliveries;
    device_key next;  ///< the next page is behind this device
    bool at_end = false;
  };
  /// In key order after `after`. How much is looked through for a filter is bounded, so a page may be short
  /// or empty and not the last. The notification must belong to the application, else not_found.
  result<page> list(application_id app, const std::string& notification_id, const delivery_filter& wanted,
                    device_key after, size_t limit);

  /// What the rows know of one notification and one device. Errors: not_found, for either.
  result<delivery_trace> trace(application_id app, const std::string& notification_id,
                               const std::string& device_id);

  /// What became of the targets so far; of those with the lowest keys, where they are very many. Errors:
  /// not_found.
  result<delivery_summary> summarize(application_id app, const std::string& notification_id);

 private:
  database& db_;
  const token_guard_bounds guard_;
  uncounted_answers uncounted_;
};

}  // namespace pusher
