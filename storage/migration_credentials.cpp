#include "storage/migration_steps.hpp"

namespace pusher {

namespace {

// `sealed` is encrypted by the key of secrets.key_file; `facts` may be shown. Of several that are active the
// one that was activated last is used. `environments`: 1 production, 2 sandbox, 3 both.
const char* const credentials = R"sql(
CREATE TABLE IF NOT EXISTS credentials (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  public_id CHAR(36) NOT NULL,
  application_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(64) NOT NULL,
  gateway TINYINT UNSIGNED NOT NULL,
  environments TINYINT UNSIGNED NOT NULL,
  active TINYINT UNSIGNED NOT NULL,
  facts MEDIUMTEXT NOT NULL,
  sealed MEDIUMTEXT NOT NULL,
  expires_at BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  activated_at BIGINT NOT NULL DEFAULT 0,
  verified_at BIGINT NOT NULL DEFAULT 0,
  last_error VARCHAR(255) NOT NULL DEFAULT '',
  last_error_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  UNIQUE KEY by_public_id (public_id),
  UNIQUE KEY by_name (application_id, name),
  KEY by_use (active, application_id, gateway)
))sql";

// One row. `version` grows with every change of what is active; `secrets_key` is the id of the key that the
// cluster seals with.
const char* const credential_changes = R"sql(
CREATE TABLE IF NOT EXISTS credential_changes (
  id TINYINT UNSIGNED NOT NULL,
  version BIGINT UNSIGNED NOT NULL,
  secrets_key VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
))sql";

}  // namespace

migration credentials_migration() {
  auto statements = tables({credentials, credential_changes});
  statements.push_back("INSERT IGNORE INTO credential_changes (id, version, secrets_key) VALUES (1, 1, '')");
  return {6, std::move(statements)};
}

}  // namespace pusher
