#include <algorithm>

#include "model/access.hpp"
#include "storage/connection.hpp"
#include "storage/migrations.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr int lock_tries = 6;  // of 10 s each, below the time-out of an answer

const char* const version_table =
    "CREATE TABLE IF NOT EXISTS schema_version (version INT UNSIGNED NOT NULL, applied_at BIGINT NOT NULL, "
    "PRIMARY KEY (version)) ENGINE=InnoDB";

result<void> lock_schema(database::connection& on) {
  for (int attempt = 0; attempt < lock_tries; ++attempt) {
    bool held = false;
    auto asked = on.query("locking the schema", "SELECT GET_LOCK(CONCAT('pusher.migrate.', DATABASE()), 10)",
                          {}, [&](const sql_row& row) { held = row.number(0) == 1; });
    if (!asked) return asked.failure();
    if (held) return {};
  }
  return error{errc::store_unavailable, "Another process is still migrating the database", "", 5};
}

result<void> apply(database::connection& on, const migration& step) {
  for (const auto& statement : step.statements)
    if (auto done = on.run("migrating", statement); !done) return done.failure();
  auto noted =
      on.execute("noting the schema's version",
                 "INSERT IGNORE INTO schema_version VALUES (?, " + database_now + ")", {step.version});
  if (!noted) return noted.failure();
  return {};
}

result<void> apply_missing(database::connection& on, const std::function<void(unsigned)>& before) {
  if (auto made = on.run("migrating", version_table); !made) return made.failure();
  uint64_t present = 0;
  auto read = on.query("reading the schema's version", "SELECT MAX(version) FROM schema_version", {},
                       [&](const sql_row& row) { present = row.number(0); });
  if (!read) return read.failure();
  auto newest = migrations().back().version;
  if (present > newest)
    return error{errc::schema_too_new,
                 "The database has schema version " + std::to_string(present) + ", this program knows " +
                     std::to_string(newest) + ": install the newer program",
                 "", 0};
  for (const auto& step : migrations()) {
    if (step.version <= present) continue;
    if (before) before(step.version);
    if (auto applied = apply(on, step); !applied) return applied.failure();
  }
  auto named =
      on.execute("creating the default application",
                 "INSERT IGNORE INTO applications (public_id, name, created_at) VALUES (UUID(), ?, " +
                     database_now + ")",
                 {default_application});
  if (!named) return named.failure();
  return {};
}

}  // namespace

result<void> migrate(database& db, const std::function<void(unsigned)>& before) {
  if (auto created = db.create_if_missing(); !created) return created;
  return with_connection(db, [&before](database::connection& on) -> result<void> {
    if (auto locked = lock_schema(on); !locked) return locked;
    auto applied = apply_missing(on, before);
    auto freed =
        on.execute("freeing the schema", "DO RELEASE_LOCK(CONCAT('pusher.migrate.', DATABASE()))", {});
    if (!applied) return applied;
    return freed ? result<void>() : freed.failure();
  });
}

result<void> migrate(database& db) {
  return migrate(db, nullptr);
}

}  // namespace pusher
