#include "storage/api_key_store.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "model/device.hpp"
#include "storage/access_version.hpp"
#include "storage/connection.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t random_bytes = 32;
constexpr size_t id_length = 12;  // `psk_` and 8 characters, 48 bits: enough to name a key, not to guess it

const std::string columns =
    "SELECT k.id, a.name, k.application_id, k.prefix, k.scopes, k.created_at, k.revoked_at, k.name, "
    "k.requests_per_second, k.expires_at, k.last_used_at, a.suspended_at, "
    "IF(k.expires_at = 0, 0, k.expires_at - " +
    database_now + ") FROM api_keys k JOIN applications a ON a.id = k.application_id ";
const std::string alive =
    "k.revoked_at = 0 AND a.deleted_at = 0 AND (k.expires_at = 0 OR k.expires_at > " + database_now + ")";

api_key read_key(const sql_row& row) {
  api_key key;
  key.key.value = row.number(0);
  key.application_name = row.text(1);
  key.application.value = row.number(2);
  key.id = row.text(3);
  key.scopes = static_cast<uint8_t>(row.number(4));
  key.created_at = row.time(5);
  key.revoked_at = row.time(6);
  key.name = row.text(7);
  if (!row.null(8)) key.requests_per_second = static_cast<uint32_t>(row.number(8));
  key.expires_at = row.time(9);
  key.last_used_at = row.time(10);
  return key;
}

/// Empty when the system gives no randomness.
std::string make_secret() {
  std::array<unsigned char, random_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  std::array<unsigned char, random_bytes * 2> base64{};
  EVP_EncodeBlock(base64.data(), bytes.data(), static_cast<int>(bytes.size()));
  std::string key = "psk_";
  for (auto c : base64) {
    if (c == '=' || c == 0) break;
    key += c == '+' ? '-' : c == '/' ? '_' : static_cast<char>(c);
  }
  return key;
}

uint64_t first_eight(std::string_view hash) {
  uint64_t value = 0;
  std::memcpy(&value, hash.data(), std::min(hash.size(), sizeof value));
  return value;
}

error no_such_key() {
  return {errc::not_found, "There is no API key with this id", "", 0};
}

result<api_key> read_one(database::connection& on, const std::string& where,
                         const sql_parameters& parameters) {
  auto found = result<api_key>(no_such_key());
  auto read = on.query("reading an API key", columns + "WHERE " + where, parameters,
                       [&](const sql_row& row) { found = read_key(row); });
  if (!read) return read.failure();
  return found;
}

result<api_key> lock_key(database::connection& on, application_id app, const std::string& id) {
  return read_one(on, "k.application_id = ? AND k.prefix = ? AND k.revoked_at = 0 FOR UPDATE", {app, id});
}

result<void> check_end(database::connection& on, utc_ms expires_at) {
  if (expires_at == 0) return {};
  bool passed = false;
  auto asked = on.query("reading the clock", "SELECT ? <= " + database_now, {expires_at},
                        [&](const sql_row& row) { passed = row.number(0) != 0; });
  if (!asked) return asked.failure();
  if (passed) return error{errc::invalid_field, "This time has passed; name a later one", "/expires_at", 0};
  return {};
}

/// Also keeps two calls from going beyond the limit together.
result<void> check_room(database::connection& on, application_id app) {
  bool there = false;
  auto locked = on.query("locking an application",
                         "SELECT id FROM applications WHERE id = ? AND deleted_at = 0 FOR UPDATE", {app},
                         [&](const sql_row&) { there = true; });
  if (!locked) return locked.failure();
  if (!there) return error{errc::not_found, "There is no such application", "", 0};
  uint64_t count = 0;
  auto counted = on.query("counting API keys",
                          "SELECT COUNT(*) FROM api_keys WHERE application_id = ? AND revoked_at = 0", {app},
                          [&](const sql_row& row) { count = row.number(0); });
  if (!counted) return counted.failure();
  if (count < api_key_store::most_keys) return {};
  return error{errc::conflict,
               "An application has at most " + std::to_string(api_key_store::most_keys) +
                   " API keys; delete those that are not used",
               "", 0};
}

result<made_api_key> insert(database::connection& on, application_id app, const api_key_wish& wish,
                            const std::optional<std::string>& idempotency_key, api_key_id replaces) {
  if (auto room = check_room(on, app); !room) return room.failure();
  if (auto good = check_end(on, wish.expires_at); !good) return good.failure();
  auto secret = make_secret();
  if (secret.empty()) return error{errc::internal, "The system gave no random bytes", "", 0};
  std::optional<std::string> limit;
  if (wish.requests_per_second) limit = std::to_string(*wish.requests_per_second);
  auto stored = on.execute("storing an API key",
                           "INSERT INTO api_keys (application_id, prefix, key_hash, scopes, name, "
                           "requests_per_second, expires_at, replaces, idempotency_key, created_at) VALUES "
                           "(?, ?, ?, ?, ?, ?, ?, ?, ?, " +
                               database_now + ")",
                           {app, std::string_view(secret).substr(0, id_length), sha256(secret), wish.scopes,
                            wish.name, limit, wish.expires_at, replaces, idempotency_key});
  if (!stored) return stored.failure();
  api_key_id key{on.last_insert_id()};
  if (auto noted = change_access_version(on); !noted) return noted.failure();
  auto value = read_one(on, "k.id = ?", {key});
  if (!value) return value.failure();
  return made_api_key{std::move(*value), std::move(secret)};
}

result<void> check_not_made(database::connection& on, application_id app,
                            const std::optional<std::string>& idempotency_key) {
  if (!idempotency_key) return {};
  std::string made;
  auto read = on.query("reading an API key",
                       "SELECT prefix FROM api_keys WHERE application_id = ? AND idempotency_key = ?",
                       {app, *idempotency_key}, [&](const sql_row& row) { made = row.text(0); });
  if (!read) return read.failure();
  if (made.empty()) return {};
  return error{errc::conflict,
               "This Idempotency-Key made the API key " + made +
                   " already, and a key is shown only once. If its text was lost, delete it and make another "
                   "under a new Idempotency-Key",
               "", 0};
}

/// Of a key and the one that it replaces only these two may be live.
result<void> check_not_rotated(database::connection& on, api_key_id key) {
  std::string other;
  auto read = on.query("reading an API key",
                       "SELECT k.prefix FROM api_keys k JOIN applications a ON a.id = k.application_id WHERE "
                       "(k.replaces = ? OR k.id = (SELECT replaces FROM api_keys WHERE id = ?)) AND " +
                           alive,
                       {key, key}, [&](const sql_row& row) { other = row.text(0); });
  if (!read) return read.failure();
  if (other.empty()) return {};
  return error{errc::conflict,
               "Two keys of this rotation are live already; delete this one or " + other + " first", "", 0};
}

}  // namespace

result<made_api_key> api_key_store::create(application_id app, const api_key_wish& wish,
                                           const std::optional<std::string>& idempotency_key) {
  return transact(
      db_,
      [&](database::connection& on) -> result<made_api_key> {
        if (auto fresh = check_not_made(on, app, idempotency_key); !fresh) return fresh.failure();
        return insert(on, app, wish, idempotency_key, {});
      },
      repeats::on_duplicate_too);
}

result<made_api_key> api_key_store::create(const std::string& application_name, const api_key_wish& wish) {
  return transact(
      db_,
      [&](database::connection& on) -> result<made_api_key> {
        application_id app;
        auto found = on.query("finding an application",
                              "SELECT id FROM applications WHERE name = ? AND deleted_at = 0",
                              {application_name}, [&](const sql_row& row) { app.value = row.number(0); });
        if (!found) return found.failure();
        if (!app)
          return error{errc::not_found, "There is no application \"" + application_name + "\"", "", 0};
        return insert(on, app, wish, std::nullopt, {});
      },
      repeats::on_duplicate_too);
}

result<api_key_store::found_key> api_key_store::find(std::string_view secret) {
  // A lookup by hash tells an attacker's clock nothing about the key itself.
  auto hash = sha256(secret);
  static const std::string sql = columns + "WHERE k.key_hash = ? AND " + alive;
  return with_connection(db_, [&](database::connection& on) -> result<found_key> {
    found_key found;
    auto read = on.query("finding an API key", sql, {hash}, [&](const sql_row& row) {
      found = {read_key(row), row.time(11) != 0, row.time(12)};
    });
    if (!read) return read.failure();
    if (*read == 0) return error{errc::unauthenticated, "The API key is not valid", "", 0};
    return found;
  });
}

result<std::vector<api_key>> api_key_store::list(application_id app, api_key_id after, size_t limit) {
  static const std::string sql =
      columns + "WHERE k.application_id = ? AND k.id > ? AND k.revoked_at = 0 ORDER BY k.id LIMIT ?";
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<api_key>> {
    std::vector<api_key> keys;
    auto read = on.query("listing API keys", sql, {app, after, limit},
                         [&](const sql_row& row) { keys.push_back(read_key(row)); });
    if (!read) return read.failure();
    return keys;
  });
}

result<api_key> api_key_store::get(application_id app, const std::string& id) {
  return with_connection(db_, [&](database::connection& on) {
    return read_one(on, "k.application_id = ? AND k.prefix = ? AND k.revoked_at = 0", {app, id});
  });
}

result<api_key> api_key_store::update(application_id app, const std::string& id, const edit& change) {
  return transact(db_, [&](database::connection& on) -> result<api_key> {
    auto key = lock_key(on, app, id);
    if (!key) return key;
    auto before = key->expires_at;
    if (auto changed = change(*key); !changed) return changed.failure();
    if (key->expires_at != before)
      if (auto good = check_end(on, key->expires_at); !good) return good.failure();
    std::optional<std::string> limit;
    if (key->requests_per_second) limit = std::to_string(*key->requests_per_second);
    auto written = on.execute("changing an API key",
                              "UPDATE api_keys SET name = ?, scopes = ?, requests_per_second = ?, expires_at "
                              "= ? WHERE id = ?",
                              {key->name, key->scopes, limit, key->expires_at, key->key});
    if (!written) return written.failure();
    if (auto noted = change_access_version(on); !noted) return noted.failure();
    return read_one(on, "k.id = ?", {key->key});
  });
}

result<made_api_key> api_key_store::rotate(application_id app, const std::string& id,
                                           std::optional<utc_ms> overlap) {
  return transact(
      db_,
      [&](database::connection& on) -> result<made_api_key> {
        auto old = lock_key(on, app, id);
        if (!old) return old.failure();
        if (auto first = check_not_rotated(on, old->key); !first) return first.failure();
        api_key_wish wish{old->name, old->scopes, old->requests_per_second, 0};
        if (old->expires_at != 0) {
          utc_ms now = 0;
          auto asked = on.query("reading the clock", "SELECT " + database_now, {},
                                [&](const sql_row& row) { now = row.time(0); });
          if (!asked) return asked.failure();
          wish.expires_at = now + (old->expires_at - old->created_at);
        }
        auto made = insert(on, app, wish, std::nullopt, old->key);
        if (!made || !overlap) return made;
        auto ends = on.execute("ending an API key",
                               "UPDATE api_keys SET expires_at = IF(expires_at = 0, " + database_now +
                                   " + ?, LEAST(expires_at, " + database_now + " + ?)) WHERE id = ?",
                               {*overlap, *overlap, old->key});
        if (!ends) return ends.failure();
        return made;
      },
      repeats::on_duplicate_too);
}

result<void> api_key_store::revoke(application_id app, const std::string& id) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    auto revoked = on.execute("revoking an API key",
                              "UPDATE api_keys SET revoked_at = " + database_now +
                                  " WHERE application_id = ? AND prefix = ? AND revoked_at = 0",
                              {app, id});
    if (!revoked) return revoked.failure();
    if (*revoked == 0) return no_such_key();
    return change_access_version(on);
  });
}

result<std::vector<api_key>> api_key_store::list_all(const std::string& application_name) {
  static const std::string sql = columns + "WHERE a.deleted_at = 0 AND (? = '' OR a.name = ?) ORDER BY k.id";
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<api_key>> {
    std::vector<api_key> keys;
    auto read = on.query("listing API keys", sql, {application_name, application_name},
                         [&](const sql_row& row) { keys.push_back(read_key(row)); });
    if (!read) return read.failure();
    return keys;
  });
}

result<void> api_key_store::revoke(const std::string& id) {
  return transact(db_, [&](database::connection& on) -> result<void> {
    auto revoked = on.execute("revoking an API key",
                              "UPDATE api_keys SET revoked_at = IF(revoked_at = 0, " + database_now +
                                  ", revoked_at) WHERE prefix = ?",
                              {id});
    if (!revoked) return revoked.failure();
    if (*revoked == 0) return error{errc::not_found, "There is no API key with this prefix", "", 0};
    return change_access_version(on);
  });
}

result<uint64_t> api_key_store::version() {
  return with_connection(db_, [&](database::connection& on) -> result<uint64_t> {
    uint64_t version = 0;
    auto read = on.query("asking for changes of access", "SELECT version FROM access_version WHERE id = 1",
                         {}, [&](const sql_row& row) { version = row.number(0); });
    if (!read) return read.failure();
    return version;
  });
}

result<std::vector<uint64_t>> api_key_store::live_hashes(size_t most) {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<uint64_t>> {
    std::vector<uint64_t> hashes;
    auto read = on.query("reading which keys there are",
                         "SELECT key_hash FROM api_keys WHERE revoked_at = 0 ORDER BY id DESC LIMIT ?",
                         {most}, [&](const sql_row& row) { hashes.push_back(first_eight(row.text(0))); });
    if (!read) return read.failure();
    return hashes;
  });
}

result<void> api_key_store::note_use(const std::vector<api_key_id>& keys) {
  if (keys.empty()) return {};
  return with_connection(db_, [&](database::connection& on) -> result<void> {
    sql_parameters parameters;
    add_padded(parameters, keys.begin(), keys.end());
    auto noted = on.execute("noting the use of API keys",
                            "UPDATE api_keys SET last_used_at = GREATEST(last_used_at, " + database_now +
                                ") WHERE id IN (" + placeholders(keys.size()) + ")",
                            parameters);
    return noted ? result<void>() : noted.failure();
  });
}

}  // namespace pusher
