#include "storage/application_store.hpp"

#include "model/notification.hpp"
#include "storage/access_version.hpp"
#include "storage/application_purge.hpp"
#include "storage/credential_store.hpp"
#include "storage/notification_rows.hpp"
#include "storage/transaction.hpp"

namespace pusher {

const std::string of_active_applications =
    "application_id NOT IN (SELECT id FROM applications WHERE suspended_at > 0)";

namespace {

std::string retention_columns() {
  std::string list;
  for (const auto& each : retention_fields)
    list += std::string(", ") + each.name;
  return list;
}

const std::string columns = "SELECT id, public_id, name, created_at, suspended_at" + retention_columns() +
                            " FROM applications WHERE ";
const std::string there = " AND deleted_at = 0";

std::string retention_assignments() {
  std::string list;
  for (const auto& each : retention_fields)
    list += std::string(", ") + each.name + " = ?";
  return list;
}

application read_application(const sql_row& row) {
  application value;
  value.key.value = row.number(0);
  value.id = row.text(1);
  value.name = row.text(2);
  value.created_at = row.time(3);
  value.suspended_at = row.time(4);
  size_t column = 5;
  for (const auto& each : retention_fields) {
    if (!row.null(column)) value.kept.*each.wished = static_cast<uint32_t>(row.number(column));
    ++column;
  }
  return value;
}

result<application> read_where(database::connection& on, const std::string& where,
                               const sql_parameters& parameters) {
  auto found = result<application>(error{errc::not_found, "There is no such application", "", 0});
  auto read = on.query("reading an application", columns + where, parameters,
                       [&](const sql_row& row) { found = read_application(row); });
  if (!read) return read.failure();
  return found;
}

error not_for_default(const char* change) {
  return {errc::conflict,
          "The application \"" + default_application + "\" cannot be " + change +
              ": its keys administer the installation",
          "", 0};
}

/// Locks it for a change.
result<application> lock(database::connection& on, application_id app) {
  return read_where(on, "id = ?" + there + " FOR UPDATE", {app});
}

/// For one that `default` is spared.
result<application> lock(database::connection& on, application_id app, const char* change) {
  auto found = lock(on, app);
  if (found && found->name == default_application) return not_for_default(change);
  return found;
}

error name_taken() {
  return {errc::conflict, "Another application has this name", "/name", 0};
}

/// The call that this idempotency key came with before.
result<std::optional<application_store::created>> find_made(database::connection& on, const std::string& name,
                                                            const std::string& idempotency_key) {
  auto before = read_where(on, "idempotency_key = ?" + there, {idempotency_key});
  if (!before && before.failure().code == errc::not_found) return std::optional<application_store::created>();
  if (!before) return before.failure();
  if (before->name != name)
    return error{errc::idempotency_mismatch, "The Idempotency-Key was used with another request", "", 0};
  return std::optional(application_store::created{std::move(*before), true});
}

result<void> check_room(database::connection& on) {
  uint64_t count = 0;
  auto counted = on.query("counting applications", "SELECT COUNT(*) FROM applications", {},
                          [&](const sql_row& row) { count = row.number(0); });
  if (!counted) return counted.failure();
  if (count < application_store::most_applications) return {};
  return error{errc::conflict,
               "There are at most " + std::to_string(application_store::most_applications) + " applications",
               "", 0};
}

result<application> written(database::connection& on, application_id app, const result<uint64_t>& change) {
  if (!change) return change.failure();
  if (auto noted = change_access_version(on); !noted) return noted.failure();
  return read_where(on, "id = ?", {app});
}

}  // namespace

result<application_store::created> application_store::create(
    const std::string& name, const std::optional<std::string>& idempotency_key) {
  return transact(
      db_,
      [&](database::connection& on) -> result<created> {
        if (idempotency_key) {
          auto before = find_made(on, name, *idempotency_key);
          if (!before) return before.failure();
          if (*before) return std::move(**before);
        }
        auto same = read_where(on, "name = ?", {name});
        if (same) return name_taken();
        if (same.failure().code != errc::not_found) return same.failure();
        if (auto room = check_room(on); !room) return room.failure();
        auto inserted = on.execute(
            "storing an application",
            "INSERT INTO applications (public_id, name, idempotency_key, created_at) VALUES (?, ?, ?, " +
                database_now + ")",
            {make_uuid_v7(), name, idempotency_key});
        if (!inserted) return inserted.failure();
        auto value = read_where(on, "id = ?", {on.last_insert_id()});
        if (!value) return value.failure();
        return created{std::move(*value), false};
      },
      repeats::on_duplicate_too);
}

result<application> application_store::find(const std::string& name_or_id) {
  return with_connection(db_, [&](database::connection& on) {
    return read_where(on, std::string(is_uuid(name_or_id) ? "public_id" : "name") + " = ?" + there,
                      {name_or_id});
  });
}

result<application> application_store::get(application_id app) {
  return with_connection(db_,
                         [&](database::connection& on) { return read_where(on, "id = ?" + there, {app}); });
}

result<std::vector<application>> application_store::list(application_id after, size_t limit) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<application>> {
    std::vector<application> found;
    auto read = on.query("listing applications", columns + "id > ?" + there + " ORDER BY id LIMIT ?",
                         {after, limit}, [&](const sql_row& row) { found.push_back(read_application(row)); });
    if (!read) return read.failure();
    return found;
  });
}

result<application> application_store::change(application_id app, const edit& how) {
  static const std::string sql =
      "UPDATE applications SET name = ?" + retention_assignments() + " WHERE id = ?";
  return transact(db_, [&](database::connection& on) -> result<application> {
    auto now = lock(on, app);
    if (!now) return now;
    auto wanted = *now;
    if (auto good = how(wanted); !good) return good.failure();
    bool renamed = wanted.name != now->name;
    if (renamed && now->name == default_application) return not_for_default("renamed");
    sql_parameters parameters{wanted.name};
    for (const auto& each : retention_fields) {
      const auto& wish = wanted.kept.*each.wished;
      parameters.push_back(wish ? sql_parameter(*wish) : sql_parameter(std::optional<std::string>()));
    }
    parameters.emplace_back(app);
    auto changed = on.execute("changing an application", sql, parameters);
    if (!changed && on.duplicate()) return name_taken();
    // Metrics and logs of senders have the name.
    if (renamed)
      if (auto bumped = bump_credentials(on); !bumped) return bumped.failure();
    return written(on, app, changed);
  });
}

result<application> application_store::suspend(application_id app) {
  return transact(db_, [&](database::connection& on) -> result<application> {
    auto now = lock(on, app, "suspended");
    if (!now) return now;
    return written(on, app,
                   on.execute("suspending an application",
                              "UPDATE applications SET suspended_at = IF(suspended_at = 0, " + database_now +
                                  ", suspended_at) WHERE id = ?",
                              {app}));
  });
}

result<application> application_store::resume(application_id app) {
  return transact(db_, [&](database::connection& on) -> result<application> {
    auto now = lock(on, app, "suspended or resumed");
    if (!now) return now;
    return written(on, app,
                   on.execute("resuming an application",
                              "UPDATE applications SET suspended_at = 0 WHERE id = ?", {app}));
  });
}

result<void> application_store::remove(application_id app) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    auto now = lock(on, app, "deleted");
    if (!now) return now.failure();
    // No name may begin with a tilde, so this one is nobody's; suspended, so that nothing of it is launched.
    auto marked = on.execute("deleting an application",
                             "UPDATE applications SET name = CONCAT('~', id), idempotency_key = NULL, "
                             "deleted_at = " +
                                 database_now + ", suspended_at = deleted_at WHERE id = ?",
                             {app});
    if (!marked) return marked.failure();
    if (auto canceled = cancel_notifications(on, app); !canceled) return canceled.failure();
    return change_access_version(on);
  });
}

result<std::vector<notification_key>> application_store::under_way(application_id app) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<notification_key>> {
    std::vector<notification_key> keys;
    auto read = on.query("reading what is under way",
                         "SELECT id FROM notifications WHERE application_id = ? AND state IN (?, ?)",
                         {app, number(notification_state::launched), number(notification_state::sending)},
                         [&](const sql_row& row) { keys.push_back({row.number(0)}); });
    if (!read) return read.failure();
    return keys;
  });
}

result<std::map<application_id, size_t>> application_store::count_under_way(size_t most) {
  using counts = std::map<application_id, size_t>;
  return with_connection(db_, [&](database::connection& on) -> result<counts> {
    counts found;
    auto read =
        on.query("counting what is under way",
                 "SELECT application_id, COUNT(*) FROM (SELECT application_id FROM notifications WHERE "
                 "state IN (?, ?) AND " +
                     of_active_applications + " LIMIT ?) n GROUP BY application_id",
                 {number(notification_state::launched), number(notification_state::sending), most},
                 [&](const sql_row& row) { found[{row.number(0)}] = row.number(1); });
    if (!read) return read.failure();
    return found;
  });
}

result<bool> application_store::purge(size_t most_rows, utc_ms grace_ms) {
  return purge_applications(db_, most_rows, grace_ms);
}

}  // namespace pusher
