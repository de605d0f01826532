#include "storage/migration_steps.hpp"

namespace pusher {

// Applications that can be suspended and deleted, keys with a name, a limit and an end. `access_version`
// changes with whatever changes who may do what: nodes remember keys only as long as it stays the same.
migration access_migration() {
  auto statements = tables({R"sql(
CREATE TABLE IF NOT EXISTS access_version (
  id TINYINT UNSIGNED NOT NULL,
  version BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id)
))sql"});
  statements.insert(statements.end(),
                    {"INSERT IGNORE INTO access_version (id, version) VALUES (1, 1)",
                     "ALTER TABLE applications "
                     "ADD COLUMN IF NOT EXISTS public_id CHAR(36) NULL AFTER id, "
                     "ADD COLUMN IF NOT EXISTS suspended_at BIGINT NOT NULL DEFAULT 0, "
                     "ADD COLUMN IF NOT EXISTS deleted_at BIGINT NOT NULL DEFAULT 0, "
                     "ADD COLUMN IF NOT EXISTS idempotency_key VARCHAR(255) NULL, "
                     "ADD UNIQUE KEY IF NOT EXISTS by_public_id (public_id), "
                     "ADD UNIQUE KEY IF NOT EXISTS by_idempotency_key (idempotency_key), "
                     "ADD KEY IF NOT EXISTS by_deletion (deleted_at), "
                     "ADD KEY IF NOT EXISTS by_suspension (suspended_at)",
                     "UPDATE applications SET public_id = UUID() WHERE public_id IS NULL",
                     "ALTER TABLE api_keys "
                     "ADD COLUMN IF NOT EXISTS name VARCHAR(128) NOT NULL DEFAULT '', "
                     "ADD COLUMN IF NOT EXISTS requests_per_second INT UNSIGNED NULL, "
                     "ADD COLUMN IF NOT EXISTS expires_at BIGINT NOT NULL DEFAULT 0, "
                     "ADD COLUMN IF NOT EXISTS last_used_at BIGINT NOT NULL DEFAULT 0, "
                     "ADD COLUMN IF NOT EXISTS replaces BIGINT UNSIGNED NOT NULL DEFAULT 0, "
                     "ADD COLUMN IF NOT EXISTS idempotency_key VARCHAR(255) NULL, "
                     "ADD UNIQUE KEY IF NOT EXISTS by_idempotency_key (application_id, idempotency_key), "
                     "ADD KEY IF NOT EXISTS by_application (application_id, id), "
                     "ADD KEY IF NOT EXISTS by_replaced (replaces)"});
  return {5, std::move(statements)};
}

}  // namespace pusher
