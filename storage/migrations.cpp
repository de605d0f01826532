#include "storage/migrations.hpp"

#include "storage/migration_steps.hpp"

namespace pusher {

namespace {

// Ids and tokens are compared byte by byte, trailing spaces included: the server's default collation equates
// 'AbC' with 'abc'. Times are UTC milliseconds, 0 = none. Numbers of enums are the model's.
const char* const applications = R"sql(
CREATE TABLE IF NOT EXISTS applications (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY by_name (name)
))sql";

const char* const api_keys = R"sql(
CREATE TABLE IF NOT EXISTS api_keys (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  application_id BIGINT UNSIGNED NOT NULL,
  prefix VARCHAR(32) NOT NULL,
  key_hash BINARY(32) NOT NULL,
  scopes TINYINT UNSIGNED NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  UNIQUE KEY by_hash (key_hash),
  UNIQUE KEY by_prefix (prefix)
))sql";

const char* const idempotency_keys = R"sql(
CREATE TABLE IF NOT EXISTS idempotency_keys (
  application_id BIGINT UNSIGNED NOT NULL,
  idempotency_key VARCHAR(255) NOT NULL,
  request BINARY(32) NOT NULL,
  notification_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  body MEDIUMTEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, idempotency_key),
  KEY by_age (created_at)
))sql";

// token_hash is SHA-256 of the token, or of a device whose token moved away, a tombstone that no token can
// have.
const char* const devices = R"sql(
CREATE TABLE IF NOT EXISTS devices (
  application_id BIGINT UNSIGNED NOT NULL,
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  device_id VARCHAR(128) NOT NULL,
  gateway TINYINT UNSIGNED NOT NULL,
  environment TINYINT UNSIGNED NOT NULL,
  platform TINYINT UNSIGNED NOT NULL,
  disabled TINYINT UNSIGNED NOT NULL DEFAULT 0,
  token_hash BINARY(32) NOT NULL,
  push_token VARCHAR(4096) NOT NULL,
  p256dh VARCHAR(255) NULL,
  auth VARCHAR(255) NULL,
  user_id VARCHAR(128) NULL,
  locale VARCHAR(35) NULL,
  time_zone VARCHAR(64) NULL,
  app_version VARCHAR(64) NULL,
  properties MEDIUMTEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  token_registered_at BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (application_id, id),
  UNIQUE KEY by_device (application_id, device_id),
  UNIQUE KEY by_token (application_id, gateway, environment, token_hash),
  KEY by_user (application_id, user_id),
  KEY by_id (id)
))sql";

const char* const notifications = R"sql(
CREATE TABLE IF NOT EXISTS notifications (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  public_id CHAR(36) NOT NULL,
  application_id BIGINT UNSIGNED NOT NULL,
  state TINYINT UNSIGNED NOT NULL,
  lane TINYINT UNSIGNED NOT NULL,
  external_id VARCHAR(128) NULL,
  ttl_seconds INT UNSIGNED NOT NULL,
  draft MEDIUMTEXT NOT NULL,
  audience MEDIUMTEXT NOT NULL,
  audience_last_device BIGINT UNSIGNED NOT NULL DEFAULT 0,
  audience_count BIGINT UNSIGNED NOT NULL DEFAULT 0,
  fan_out_done TINYINT UNSIGNED NOT NULL DEFAULT 0,
  count_accepted BIGINT UNSIGNED NOT NULL DEFAULT 0,
  count_unregistered BIGINT UNSIGNED NOT NULL DEFAULT 0,
  count_rejected BIGINT UNSIGNED NOT NULL DEFAULT 0,
  count_failed BIGINT UNSIGNED NOT NULL DEFAULT 0,
  count_expired BIGINT UNSIGNED NOT NULL DEFAULT 0,
  count_canceled BIGINT UNSIGNED NOT NULL DEFAULT 0,
  count_skipped BIGINT UNSIGNED NOT NULL DEFAULT 0,
  count_unknown BIGINT UNSIGNED NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  launched_at BIGINT NOT NULL DEFAULT 0,
  expires_at BIGINT NOT NULL DEFAULT 0,
  completed_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  UNIQUE KEY by_public_id (public_id),
  UNIQUE KEY by_external_id (application_id, external_id),
  KEY by_application (application_id, id),
  KEY by_progress (state, fan_out_done, id)
))sql";

// No second index: each would cost as much again for every push.
const char* const deliveries = R"sql(
CREATE TABLE IF NOT EXISTS deliveries (
  notification_id BIGINT UNSIGNED NOT NULL,
  device_id BIGINT UNSIGNED NOT NULL,
  outcome TINYINT UNSIGNED NOT NULL,
  attempts TINYINT UNSIGNED NOT NULL,
  code VARBINARY(64) NOT NULL,
  gateway_message_id VARBINARY(128) NOT NULL,
  settled_at BIGINT NOT NULL,
  PRIMARY KEY (notification_id, device_id)
))sql";

const char* const lease = R"sql(
CREATE TABLE IF NOT EXISTS lease (
  id TINYINT UNSIGNED NOT NULL,
  holder VARCHAR(255) NOT NULL,
  epoch BIGINT UNSIGNED NOT NULL,
  ends_at BIGINT NOT NULL,
  PRIMARY KEY (id)
))sql";

const char* const journal_identity = R"sql(
CREATE TABLE IF NOT EXISTS journal_identity (
  id TINYINT UNSIGNED NOT NULL,
  run_id VARCHAR(64) NOT NULL,
  created TINYINT UNSIGNED NOT NULL,
  PRIMARY KEY (id)
))sql";

// What happened to a device, beside its deliveries. Numbers of types are the model's.
const char* const device_events = R"sql(
CREATE TABLE IF NOT EXISTS device_events (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  application_id BIGINT UNSIGNED NOT NULL,
  device_id BIGINT UNSIGNED NOT NULL,
  type TINYINT UNSIGNED NOT NULL,
  other_device_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  notification_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  at BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY by_device (application_id, device_id, id)
))sql";

const char* const segments = R"sql(
CREATE TABLE IF NOT EXISTS segments (
  application_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(64) NOT NULL,
  definition MEDIUMTEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (application_id, name)
))sql";

const char* const segment_uses = R"sql(
CREATE TABLE IF NOT EXISTS segment_uses (
  application_id BIGINT UNSIGNED NOT NULL,
  used VARCHAR(64) NOT NULL,
  user VARCHAR(64) NOT NULL,
  PRIMARY KEY (application_id, used, user),
  KEY by_user (application_id, user)
))sql";

// A name that is dropped and declared again gets another id, so that no old row of the index counts.
const char* const indexed_properties = R"sql(
CREATE TABLE IF NOT EXISTS indexed_properties (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  application_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(64) NOT NULL,
  state TINYINT UNSIGNED NOT NULL,
  has_open TINYINT UNSIGNED NOT NULL DEFAULT 0,
  built_to BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY by_application (application_id, id),
  KEY by_state (state, id)
))sql";

const char* const property_index = R"sql(
CREATE TABLE IF NOT EXISTS property_index (
  index_id INT UNSIGNED NOT NULL,
  hash BIGINT UNSIGNED NOT NULL,
  device_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (index_id, hash, device_id)
))sql";

// How many tokens a gateway called dead lately, and as a rule.
const char* const token_guard = R"sql(
CREATE TABLE IF NOT EXISTS token_guard (
  application_id BIGINT UNSIGNED NOT NULL,
  gateway TINYINT UNSIGNED NOT NULL,
  environment TINYINT UNSIGNED NOT NULL,
  window_started BIGINT NOT NULL DEFAULT 0,
  answered BIGINT UNSIGNED NOT NULL DEFAULT 0,
  dead BIGINT UNSIGNED NOT NULL DEFAULT 0,
  known_answered BIGINT UNSIGNED NOT NULL DEFAULT 0,
  known_dead BIGINT UNSIGNED NOT NULL DEFAULT 0,
  hold_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  trusted_until BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (application_id, gateway, environment)
))sql";

const char* const token_holds = R"sql(
CREATE TABLE IF NOT EXISTS token_holds (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  application_id BIGINT UNSIGNED NOT NULL,
  gateway TINYINT UNSIGNED NOT NULL,
  environment TINYINT UNSIGNED NOT NULL,
  state TINYINT UNSIGNED NOT NULL,
  answered BIGINT UNSIGNED NOT NULL,
  dead BIGINT UNSIGNED NOT NULL,
  devices BIGINT UNSIGNED NOT NULL DEFAULT 0,
  since BIGINT NOT NULL,
  decided_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY by_application (application_id, id)
))sql";

const char* const held_tokens = R"sql(
CREATE TABLE IF NOT EXISTS held_tokens (
  hold_id BIGINT UNSIGNED NOT NULL,
  device_id BIGINT UNSIGNED NOT NULL,
  token_hash BINARY(32) NOT NULL,
  unregistered_at BIGINT NOT NULL,
  notification_id BIGINT UNSIGNED NOT NULL,
  held_at BIGINT NOT NULL,
  PRIMARY KEY (hold_id, device_id)
))sql";

migration first() {
  auto statements = tables({applications, api_keys, idempotency_keys, devices, notifications, deliveries,
                            lease, journal_identity});
  statements.push_back("INSERT IGNORE INTO lease (id, holder, epoch, ends_at) VALUES (1, '', 0, 0)");
  return {1, std::move(statements)};
}

migration second() {
  auto statements = tables({device_events, segments, segment_uses, indexed_properties, property_index});
  statements.push_back(
      "ALTER TABLE notifications ADD COLUMN IF NOT EXISTS condition_at_launch MEDIUMTEXT NULL AFTER "
      "audience");
  return {2, std::move(statements)};
}

migration third() {
  return {3, tables({token_guard, token_holds, held_tokens})};
}

}  // namespace

std::vector<std::string> tables(std::initializer_list<const char*> definitions) {
  std::vector<std::string> statements;
  for (const auto* each : definitions)
    statements.push_back(each +
                         std::string(" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin"));
  return statements;
}

const std::vector<migration>& migrations() {
  static const std::vector<migration> all{first(),
                                          second(),
                                          third(),
                                          lifecycle_migration(),
                                          access_migration(),
                                          credentials_migration(),
                                          results_migration(),
                                          webhooks_migration(),
                                          local_time_migration(),
                                          journal_migration(),
                                          retention_migration()};
  return all;
}

}  // namespace pusher
