#include "storage/migration_steps.hpp"

namespace pusher {

// Schedules and control. `control` is what Redis is to hold of a notification (storage/journal.hpp);
// `due_at` is when a scheduled one is launched.
migration lifecycle_migration() {
  return {4,
          {"ALTER TABLE notifications "
           "ADD COLUMN IF NOT EXISTS control TINYINT UNSIGNED NOT NULL DEFAULT 0, "
           "ADD COLUMN IF NOT EXISTS revision INT UNSIGNED NOT NULL DEFAULT 1, "
           "ADD COLUMN IF NOT EXISTS due_at BIGINT NOT NULL DEFAULT 0, "
           "ADD COLUMN IF NOT EXISTS misfire_grace_seconds INT UNSIGNED NOT NULL DEFAULT 0, "
           "ADD COLUMN IF NOT EXISTS canceled_at BIGINT NOT NULL DEFAULT 0, "
           "ADD COLUMN IF NOT EXISTS reason VARCHAR(255) NOT NULL DEFAULT '', "
           "ADD KEY IF NOT EXISTS by_due (state, due_at), "
           "ADD KEY IF NOT EXISTS by_control (control, id)"}};
}

}  // namespace pusher
