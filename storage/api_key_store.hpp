// API keys in MariaDB: stored hashed, shown once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/clock.hpp"
#include "model/ids.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

struct api_key {
  api_key_id id;
  std::string application_name;
  application_id application;
  std::string prefix;  ///< the readable first characters of the key
  uint8_t scopes = 0;  ///< bits: devices 1, send 2, read 4, admin 8
  utc_ms created_at = 0;
  utc_ms revoked_at = 0;  ///< 0 = live
};

class api_key_store {
 public:
  explicit api_key_store(database& db) : db_(db) {}
  /// Makes a key (`psk_` and 43 base64url characters of randomness) and returns it; it cannot be read again.
  /// Errors: not_found (no such application).
  result<std::string> create(const std::string& application_name, uint8_t scopes);
  /// The live key with this text. Errors: unauthenticated.
  result<api_key> find(std::string_view key);
  result<std::vector<api_key>> list();
  /// Errors: not_found.
  result<void> revoke(const std::string& prefix);

 private:
  database& db_;
};

}  // namespace pusher
