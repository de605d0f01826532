#include "storage/migration_steps.hpp"

namespace pusher {

namespace {

// How far each writer's rows have come in the stream of results; see storage/journal_marks.hpp.
const char* const journal_marks = R"sql(
CREATE TABLE IF NOT EXISTS journal_marks (
  writer VARCHAR(255) NOT NULL,
  run_id VARCHAR(96) NOT NULL,
  mark VARCHAR(41) NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (writer)
))sql";

}  // namespace

// `installation` stays when the journal is rebuilt under another run id, which begins with it. `pages` is the
// highest number of a page of fan-out that rows are based on, `configured` what Redis knew of the nodes'
// credentials. A notification that is `rebuilt` was begun anew after its journal was lost: fan-out leaves out
// the devices that have a row.
migration journal_migration() {
  auto statements = tables({journal_marks});
  statements.push_back(
      "ALTER TABLE journal_identity MODIFY COLUMN run_id VARCHAR(96) NOT NULL, "
      "ADD COLUMN IF NOT EXISTS installation VARCHAR(64) NOT NULL DEFAULT '', "
      "ADD COLUMN IF NOT EXISTS rebuilding TINYINT UNSIGNED NOT NULL DEFAULT 0, "
      "ADD COLUMN IF NOT EXISTS rebuilds BIGINT UNSIGNED NOT NULL DEFAULT 0, "
      "ADD COLUMN IF NOT EXISTS pages BIGINT UNSIGNED NOT NULL DEFAULT 0, "
      "ADD COLUMN IF NOT EXISTS configured MEDIUMTEXT NOT NULL DEFAULT ''");
  statements.emplace_back("UPDATE journal_identity SET installation = run_id WHERE installation = ''");
  statements.emplace_back(
      "ALTER TABLE notifications ADD COLUMN IF NOT EXISTS rebuilt TINYINT UNSIGNED NOT NULL DEFAULT 0");
  return {11, std::move(statements)};
}

}  // namespace pusher
