#include "storage/credential_store.hpp"

#include <utility>

#include "storage/transaction.hpp"

namespace pusher {

namespace {

const std::string columns =
    "c.id, c.public_id, c.application_id, c.name, c.gateway, c.environments, c.active, c.facts, c.sealed, "
    "c.expires_at, c.created_at, c.updated_at, c.activated_at, c.verified_at, c.last_error, c.last_error_at";
const std::string select_credential = "SELECT " + columns + " FROM credentials c ";
constexpr size_t column_count = 16;
constexpr const char* first_is_used = " ORDER BY c.activated_at DESC, c.id DESC";

enum environment_bits : unsigned { production_bit = 1, sandbox_bit = 2 };

unsigned environments_of(const credential& of) {
  return (of.production ? production_bit : 0U) | (of.sandbox ? sandbox_bit : 0U);
}

credential read_credential(const sql_row& row) {
  credential made;
  made.key = {row.number(0)};
  made.id = row.text(1);
  made.application = {row.number(2)};
  made.name = row.text(3);
  made.gateway = static_cast<gateway>(row.number(4));
  made.production = (row.number(5) & production_bit) != 0;
  made.sandbox = (row.number(5) & sandbox_bit) != 0;
  made.active = row.number(6) != 0;
  made.facts = row.text(7);
  made.sealed = row.text(8);
  made.expires_at = row.time(9);
  made.created_at = row.time(10);
  made.updated_at = row.time(11);
  made.activated_at = row.time(12);
  made.verified_at = row.time(13);
  made.last_error = row.text(14);
  made.last_error_at = row.time(15);
  return made;
}

result<credential> find(database::connection& on, application_id app, const std::string& id, bool lock) {
  std::optional<credential> found;
  auto read = on.query(
      "reading a credential",
      select_credential + "WHERE c.application_id = ? AND c.public_id = ?" + (lock ? " FOR UPDATE" : ""),
      {app, id}, [&](const sql_row& row) { found = read_credential(row); });
  if (!read) return read.failure();
  if (!found) return error{errc::not_found, "There is no credential with this id", "", 0};
  return *std::move(found);
}

result<std::vector<credential>> find_all(database::connection& on, const std::string& which,
                                         const sql_parameters& parameters) {
  std::vector<credential> found;
  auto read = on.query("listing credentials", select_credential + which, parameters,
                       [&](const sql_row& row) { found.push_back(read_credential(row)); });
  if (!read) return read.failure();
  return found;
}

error name_taken() {
  return {errc::conflict, "The application has a credential of this name already; choose another.", "/name",
          0};
}

/// Locks the application, so that credentials of one are counted right.
result<void> check_room(database::connection& on, const credential& fresh) {
  auto locked = on.query("locking the application",
                         "SELECT id FROM applications WHERE id = ? AND deleted_at = 0 FOR UPDATE",
                         {fresh.application}, [](const sql_row&) {});
  if (!locked) return locked.failure();
  if (*locked == 0) return error{errc::not_found, "There is no such application any more", "", 0};
  uint64_t count = 0;
  auto counted = on.query("counting credentials",
                          "SELECT COUNT(*) FROM credentials WHERE application_id = ? AND gateway = ?",
                          {fresh.application, static_cast<unsigned>(fresh.gateway)},
                          [&](const sql_row& row) { count = row.number(0); });
  if (!counted) return counted.failure();
  if (count < most_credentials_per_gateway) return {};
  return error{errc::conflict,
               "An application has at most " + std::to_string(most_credentials_per_gateway) +
                   " credentials per gateway; delete one that is not used any more.",
               "", 0};
}

/// Later than any other of the application: two that are activated within a millisecond have an order.
result<void> activate(database::connection& on, const credential& which) {
  auto set =
      on.execute("activating a credential",
                 "UPDATE credentials SET active = 1, updated_at = " + database_now +
                     ", activated_at = GREATEST(" + database_now +
                     ", (SELECT MAX(o.activated_at) + 1 FROM (SELECT activated_at FROM credentials WHERE "
                     "application_id = ?) o)) WHERE id = ?",
                 {which.application, which.key});
  return set ? bump_credentials(on) : set.failure();
}

result<void> deactivate(database::connection& on, const credential& which) {
  auto set = on.execute("deactivating a credential",
                        "UPDATE credentials SET active = 0, updated_at = " + database_now + " WHERE id = ?",
                        {which.key});
  return set ? bump_credentials(on) : set.failure();
}

result<application_id> find_default_application(database::connection& on) {
  application_id found;
  auto read =
      on.query("reading the default application", "SELECT id FROM applications WHERE name = 'default'", {},
               [&](const sql_row& row) { found = {row.number(0)}; });
  if (!read) return read.failure();
  return found;
}

}  // namespace

result<void> bump_credentials(database::connection& on) {
  auto bumped = on.execute("noting that credentials changed",
                           "UPDATE credential_changes SET version = version + 1 WHERE id = 1", {});
  return bumped ? result<void>() : bumped.failure();
}

result<credential> credential_store::create(const credential& fresh) {
  return transact(db_, [&](database::connection& on) -> result<credential> {
    if (auto room = check_room(on, fresh); !room) return room.failure();
    auto made =
        on.execute("storing a credential",
                   "INSERT INTO credentials (public_id, application_id, name, gateway, environments, "
                   "active, facts, sealed, expires_at, created_at, updated_at, verified_at) SELECT ?, ?, ?, "
                   "?, ?, 0, ?, ?, ?, t.now, t.now, IF(?, t.now, 0) FROM (SELECT " +
                       database_now + " AS now) t",
                   {fresh.id, fresh.application, fresh.name, static_cast<unsigned>(fresh.gateway),
                    environments_of(fresh), fresh.facts, fresh.sealed, fresh.expires_at,
                    fresh.verified_at > 0 ? 1U : 0U});
    if (!made && on.duplicate()) return name_taken();
    if (!made) return made.failure();
    auto stored = find(on, fresh.application, fresh.id, false);
    if (!stored || !fresh.active) return stored;
    if (auto activated = activate(on, *stored); !activated) return activated.failure();
    return find(on, fresh.application, fresh.id, false);
  });
}

result<std::vector<credential>> credential_store::list(application_id app) {
  return with_connection(db_, [&](database::connection& on) {
    return find_all(on, "WHERE c.application_id = ? ORDER BY c.gateway, c.name", {app});
  });
}

result<credential> credential_store::get(application_id app, const std::string& id) {
  return with_connection(db_, [&](database::connection& on) { return find(on, app, id, false); });
}

result<credential> credential_store::rename(application_id app, const std::string& id,
                                            const std::string& name) {
  return transact(db_, [&](database::connection& on) -> result<credential> {
    auto found = find(on, app, id, true);
    if (!found) return found.failure();
    auto renamed =
        on.execute("renaming a credential",
                   "UPDATE credentials SET name = ?, updated_at = " + database_now + " WHERE id = ?",
                   {name, found->key});
    if (!renamed && on.duplicate()) return name_taken();
    if (!renamed) return renamed.failure();
    return find(on, app, id, false);
  });
}

result<credential> credential_store::set_active(application_id app, const std::string& id, bool active) {
  return transact(db_, [&](database::connection& on) -> result<credential> {
    auto found = find(on, app, id, true);
    if (!found) return found.failure();
    if (auto set = active ? activate(on, *found) : deactivate(on, *found); !set) return set.failure();
    return find(on, app, id, false);
  });
}

result<void> credential_store::erase(application_id app, const std::string& id) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    auto found = find(on, app, id, true);
    if (!found) return found.failure();
    auto erased = on.execute("deleting a credential", "DELETE FROM credentials WHERE id = ?", {found->key});
    if (!erased) return erased.failure();
    return bump_credentials(on);
  });
}

result<credential> credential_store::note_verification(application_id app, const std::string& id,
                                                       const std::string& trouble) {
  return transact(db_, [&](database::connection& on) -> result<credential> {
    auto found = find(on, app, id, true);
    if (!found) return found.failure();
    auto noted = on.execute(
        "noting a verification",
        trouble.empty()
            ? "UPDATE credentials SET verified_at = " + database_now + ", last_error = ? WHERE id = ?"
            : "UPDATE credentials SET last_error_at = " + database_now + ", last_error = ? WHERE id = ?",
        {std::string_view(trouble).substr(0, 255), found->key});
    if (!noted) return noted.failure();
    return find(on, app, id, false);
  });
}

result<std::vector<credential>> credential_store::active_of(application_id app) {
  return with_connection(db_, [&](database::connection& on) {
    return find_all(on, std::string("WHERE c.active = 1 AND c.application_id = ?") + first_is_used, {app});
  });
}

result<application_id> credential_store::default_application() {
  return with_connection(db_, find_default_application);
}

result<uint64_t> credential_store::version() {
  return with_connection(db_, [&](database::connection& on) -> result<uint64_t> {
    uint64_t version = 0;
    auto read =
        on.query("reading the credentials' version", "SELECT version FROM credential_changes WHERE id = 1",
                 {}, [&](const sql_row& row) { version = row.number(0); });
    if (!read) return read.failure();
    return version;
  });
}

result<credential_snapshot> credential_store::snapshot() {
  return transact(db_, [&](database::connection& on) -> result<credential_snapshot> {
    credential_snapshot made;
    // Whoever changes credentials changes this row: with it locked, what is read belongs together.
    auto version = on.query("reading the credentials' version",
                            "SELECT version FROM credential_changes WHERE id = 1 LOCK IN SHARE MODE", {},
                            [&](const sql_row& row) { made.version = row.number(0); });
    if (!version) return version.failure();
    auto owner = find_default_application(on);
    if (!owner) return owner.failure();
    made.default_application = *owner;
    auto read =
        on.query("reading the active credentials",
                 "SELECT " + columns +
                     ", a.name FROM credentials c JOIN applications a ON a.id = c.application_id WHERE "
                     "c.active = 1" +
                     first_is_used,
                 {}, [&](const sql_row& row) {
                   made.active.push_back({read_credential(row), std::string(row.text(column_count))});
                 });
    if (!read) return read.failure();
    return made;
  });
}

result<std::string> credential_store::secrets_key(const std::string& own) {
  return transact(db_, [&](database::connection& on) -> result<std::string> {
    std::string known;
    auto read = on.query("reading the secrets' key",
                         "SELECT secrets_key FROM credential_changes WHERE id = 1 FOR UPDATE", {},
                         [&](const sql_row& row) { known = row.text(0); });
    if (!read) return read.failure();
    if (!known.empty()) return known;
    auto noted = on.execute("noting the secrets' key",
                            "UPDATE credential_changes SET secrets_key = ? WHERE id = 1", {own});
    if (!noted) return noted.failure();
    return own;
  });
}

result<size_t> credential_store::reseal(
    const std::string& own, const std::function<std::optional<std::string>(const credential&)>& reseal) {
  return transact(db_, [&](database::connection& on) -> result<size_t> {
    auto others = find_all(on, "WHERE c.sealed NOT LIKE CONCAT(?, '.%') FOR UPDATE", {own});
    if (!others) return others.failure();
    size_t changed = 0;
    for (const auto& each : *others) {
      auto fresh = reseal(each);
      if (!fresh) continue;
      auto written = on.execute("sealing a credential anew", "UPDATE credentials SET sealed = ? WHERE id = ?",
                                {*fresh, each.key});
      if (!written) return written.failure();
      ++changed;
    }
    auto noted = on.execute("noting the secrets' key",
                            "UPDATE credential_changes SET secrets_key = ? WHERE id = 1", {own});
    if (!noted) return noted.failure();
    if (changed > 0)
      if (auto bumped = bump_credentials(on); !bumped) return bumped.failure();
    return changed;
  });
}

}  // namespace pusher
