#include "storage/api_key_store.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

#include "storage/connection.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t random_bytes = 32;
constexpr size_t prefix_length =
    12;  // `psk_` and 8 characters, 48 bits: enough to name a key, not to guess it

const std::string columns =
    "SELECT k.id, a.name, k.application_id, k.prefix, k.scopes, k.created_at, k.revoked_at "
    "FROM api_keys k JOIN applications a ON a.id = k.application_id ";

api_key read_key(const sql_row& row) {
  api_key key;
  key.id.value = row.number(0);
  key.application_name = row.text(1);
  key.application.value = row.number(2);
  key.prefix = row.text(3);
  key.scopes = static_cast<uint8_t>(row.number(4));
  key.created_at = row.time(5);
  key.revoked_at = row.time(6);
  return key;
}

/// Empty when the system gives no randomness.
std::string make_key() {
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

}  // namespace

result<std::string> api_key_store::create(const std::string& application_name, uint8_t scopes) {
  return transact(
      db_,
      [&](database::connection& on) -> result<std::string> {
        uint64_t application = 0;
        auto found = on.query("finding an application", "SELECT id FROM applications WHERE name = ?",
                              {application_name}, [&](const sql_row& row) { application = row.number(0); });
        if (!found) return found.failure();
        if (*found == 0)
          return error{errc::not_found, "There is no application \"" + application_name + "\"", "", 0};
        auto key = make_key();
        if (key.empty()) return error{errc::internal, "The system gave no random bytes", "", 0};
        auto hash = sha256(key);
        auto stored = on.execute("storing an API key",
                                 "INSERT INTO api_keys (application_id, prefix, key_hash, scopes, "
                                 "created_at) VALUES (?, ?, ?, ?, " +
                                     database_now + ")",
                                 {application, std::string_view(key).substr(0, prefix_length), hash, scopes});
        if (!stored) return stored.failure();
        return key;
      },
      repeats::on_duplicate_too);
}

result<api_key> api_key_store::find(std::string_view key) {
  // A lookup by hash tells an attacker's clock nothing about the key itself.
  auto hash = sha256(key);
  return with_connection(db_, [&](database::connection& on) -> result<api_key> {
    api_key found;
    auto read = on.query("finding an API key", columns + "WHERE k.key_hash = ? AND k.revoked_at = 0", {hash},
                         [&](const sql_row& row) { found = read_key(row); });
    if (!read) return read.failure();
    if (*read == 0) return error{errc::unauthenticated, "The API key is not known or was revoked", "", 0};
    return found;
  });
}

result<std::vector<api_key>> api_key_store::list() {
  return with_connection(db_, [&](database::connection& on) -> result<std::vector<api_key>> {
    std::vector<api_key> keys;
    auto read = on.query("listing API keys", columns + "ORDER BY k.id", {},
                         [&](const sql_row& row) { keys.push_back(read_key(row)); });
    if (!read) return read.failure();
    return keys;
  });
}

result<void> api_key_store::revoke(const std::string& prefix) {
  return with_connection(db_, [&](database::connection& on) -> result<void> {
    auto revoked = on.execute("revoking an API key",
                              "UPDATE api_keys SET revoked_at = IF(revoked_at = 0, " + database_now +
                                  ", revoked_at) WHERE prefix = ?",
                              {prefix});
    if (!revoked) return revoked.failure();
    if (*revoked == 0) return error{errc::not_found, "There is no API key with this prefix", "", 0};
    return {};
  });
}

}  // namespace pusher
