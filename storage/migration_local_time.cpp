#include "storage/migration_steps.hpp"

namespace pusher {

// Which zones a notification with a local time has reached: those whose moment is at or before wave_from. The
// next wave is for those up to wave_due, and begins then; 0 = at once.
migration local_time_migration() {
  return {10,
          {"ALTER TABLE notifications "
           "ADD COLUMN IF NOT EXISTS wave INT UNSIGNED NOT NULL DEFAULT 0, "
           "ADD COLUMN IF NOT EXISTS wave_from BIGINT NOT NULL DEFAULT 0, "
           "ADD COLUMN IF NOT EXISTS wave_due BIGINT NOT NULL DEFAULT 0"}};
}

}  // namespace pusher
