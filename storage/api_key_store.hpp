// API keys in MariaDB: stored hashed, shown once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/access.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

class api_key_store {
 public:
  explicit api_key_store(database& db) : db_(db) {}

  static constexpr size_t most_keys = 1000;  ///< live ones of one application

  /// Makes a key (`psk_` and 43 base64url characters of randomness). Errors: invalid_field (an end that has
  /// passed), conflict (too many keys, or the idempotency key made one before, whose text is not known any
  /// more).
  result<made_api_key> create(application_id app, const api_key_wish& wish,
                              const std::optional<std::string>& idempotency_key = std::nullopt);
  /// The same by the application's name. Errors: not_found too.
  result<made_api_key> create(const std::string& application_name, const api_key_wish& wish);

  struct found_key {
    api_key value;
    bool suspended = false;  ///< its application is
    utc_ms lives_for = 0;    ///< milliseconds until it expires; 0 = for ever
  };
  /// The live key with this text. Errors: unauthenticated, whatever the reason.
  result<found_key> find(std::string_view secret);

  /// Keys that are not revoked, in order of their making, from the one behind `after`.
  result<std::vector<api_key>> list(application_id app, api_key_id after, size_t limit);
  // Errors of each: not_found.
  result<api_key> get(application_id app, const std::string& id);
  using edit = std::function<result<void>(api_key&)>;
  /// Takes over name, scopes, limit and end from what `change` makes of the key.
  result<api_key> update(application_id app, const std::string& id, const edit& change);
  /// Makes a key with the same name, scopes, limit and span of life; the old one lives on, with an overlap no
  /// longer than that. Errors: conflict (two are live already).
  result<made_api_key> rotate(application_id app, const std::string& id, std::optional<utc_ms> overlap);
  result<void> revoke(application_id app, const std::string& id);

  // -- for the command line --
  /// Revoked ones too; of one application, or with an empty name of all.
  result<std::vector<api_key>> list_all(const std::string& application_name);
  /// Errors: not_found.
  result<void> revoke(const std::string& id);

  // -- for what a node remembers --
  result<uint64_t> version();
  /// The first eight bytes of the hash of each live key, as they lie in memory.
  result<std::vector<uint64_t>> live_hashes(size_t most);
  /// Notes that these keys are in use.
  result<void> note_use(const std::vector<api_key_id>& keys);

 private:
  database& db_;
};

}  // namespace pusher
