#include "storage/migration_steps.hpp"

namespace pusher {

namespace {

// Rows of many events each (storage/feed_codec.hpp), numbered per application without gaps in the order of
// their commits (storage/feed_rows.hpp).
const char* const feed = R"sql(
CREATE TABLE IF NOT EXISTS feed (
  application_id BIGINT UNSIGNED NOT NULL,
  number BIGINT UNSIGNED NOT NULL,
  at BIGINT NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  PRIMARY KEY (application_id, number)
))sql";

const char* const feed_heads = R"sql(
CREATE TABLE IF NOT EXISTS feed_heads (
  application_id BIGINT UNSIGNED NOT NULL,
  head BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (application_id)
))sql";

// What clients reported of a notification, once per device and type; numbers of types are the model's.
const char* const reports = R"sql(
CREATE TABLE IF NOT EXISTS reports (
  notification_id BIGINT UNSIGNED NOT NULL,
  device_id BIGINT UNSIGNED NOT NULL,
  type TINYINT UNSIGNED NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (notification_id, device_id, type)
))sql";

}  // namespace

// `gateway` is the one that the push went through, 0 = it never left.
migration results_migration() {
  auto statements = tables({feed, feed_heads, reports});
  statements.push_back(
      "ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS gateway TINYINT UNSIGNED NOT NULL DEFAULT 0");
  statements.push_back(
      "ALTER TABLE notifications ADD COLUMN IF NOT EXISTS count_received BIGINT UNSIGNED NOT NULL DEFAULT 0, "
      "ADD COLUMN IF NOT EXISTS count_opened BIGINT UNSIGNED NOT NULL DEFAULT 0");
  return {8, std::move(statements)};
}

}  // namespace pusher
