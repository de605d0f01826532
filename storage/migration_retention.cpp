#include "storage/migration_steps.hpp"

namespace pusher {

// What an application wishes of model/retention.hpp; NULL = as the configuration says.
migration retention_migration() {
  return {12,
          {"ALTER TABLE applications "
           "ADD COLUMN IF NOT EXISTS notification_days INT UNSIGNED NULL, "
           "ADD COLUMN IF NOT EXISTS event_days INT UNSIGNED NULL, "
           "ADD COLUMN IF NOT EXISTS disabled_device_days INT UNSIGNED NULL, "
           "ADD COLUMN IF NOT EXISTS idempotency_hours INT UNSIGNED NULL"}};
}

}  // namespace pusher
