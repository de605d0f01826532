#include "storage/migration_steps.hpp"

namespace pusher {

namespace {

// `generation` changes with every change by a client. `cursor_*` is where delivering goes on in the feed,
// `batch_*` the end of the batch that was begun (zeros = none): fixed before its first request, so that each
// repetition is the same, whoever makes it.
const char* const webhooks = R"sql(
CREATE TABLE IF NOT EXISTS webhooks (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  public_id CHAR(36) NOT NULL,
  application_id BIGINT UNSIGNED NOT NULL,
  state TINYINT UNSIGNED NOT NULL,
  generation BIGINT UNSIGNED NOT NULL DEFAULT 1,
  url VARCHAR(2048) NOT NULL,
  description VARCHAR(255) NOT NULL,
  events VARCHAR(1024) NOT NULL,
  max_events INT UNSIGNED NOT NULL,
  max_wait_ms INT UNSIGNED NOT NULL,
  secret VARCHAR(512) NOT NULL,
  previous_secret VARCHAR(512) NOT NULL DEFAULT '',
  previous_secret_until BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL DEFAULT 0,
  cursor_row BIGINT UNSIGNED NOT NULL DEFAULT 0,
  cursor_at BIGINT NOT NULL DEFAULT 0,
  cursor_offset BIGINT UNSIGNED NOT NULL DEFAULT 0,
  batch_row BIGINT UNSIGNED NOT NULL DEFAULT 0,
  batch_at BIGINT NOT NULL DEFAULT 0,
  batch_offset BIGINT UNSIGNED NOT NULL DEFAULT 0,
  tries INT UNSIGNED NOT NULL DEFAULT 0,
  next_try_at BIGINT NOT NULL DEFAULT 0,
  failing_since BIGINT NOT NULL DEFAULT 0,
  last_taken_at BIGINT NOT NULL DEFAULT 0,
  last_trouble VARCHAR(255) NOT NULL DEFAULT '',
  attempts BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  UNIQUE KEY by_public_id (public_id),
  KEY by_application (application_id, id),
  KEY by_state (state, id, generation)
))sql";

const char* const webhook_attempts = R"sql(
CREATE TABLE IF NOT EXISTS webhook_attempts (
  application_id BIGINT UNSIGNED NOT NULL,
  webhook_id BIGINT UNSIGNED NOT NULL,
  number BIGINT UNSIGNED NOT NULL,
  message_id VARCHAR(64) NOT NULL,
  type VARCHAR(16) NOT NULL,
  events INT UNSIGNED NOT NULL,
  status SMALLINT UNSIGNED NOT NULL,
  latency_ms BIGINT UNSIGNED NOT NULL,
  trouble VARCHAR(255) NOT NULL,
  excerpt VARCHAR(255) NOT NULL,
  at BIGINT NOT NULL,
  next_try_at BIGINT NOT NULL,
  PRIMARY KEY (webhook_id, number),
  KEY by_application (application_id)
))sql";

}  // namespace

migration webhooks_migration() {
  return {9, tables({webhooks, webhook_attempts})};
}

}  // namespace pusher
