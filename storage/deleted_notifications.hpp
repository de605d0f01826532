// Removes the rows of notifications that are deleted, whoever deleted them, in small steps.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/ids.hpp"
#include "model/result.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// What one step has removed.
struct purged_rows {
  uint64_t notifications = 0, deliveries = 0, reports = 0;
  bool more = false;  ///< there may be more to remove
};

/// Of one owner. A deleted notification keeps its row until all else of it is gone, so whoever comes after a
/// crash goes on with it.
class deleted_notifications {
 public:
  explicit deleted_notifications(database& db) : db_(db) {}

  /// Up to so many rows of a table: of one large notification, or of many small ones.
  result<purged_rows> purge(size_t most_rows);

 private:
  result<uint64_t> delete_next(database::connection& on, notification_key of, size_t most_rows);

  database& db_;
  notification_key at_;  ///< the one under way
  device_key behind_;    ///< its deliveries up to this one are gone
};

}  // namespace pusher
