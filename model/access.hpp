// Who may use the API: applications, their keys, and what a key may do.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/ids.hpp"
#include "model/result.hpp"
#include "model/retention.hpp"

namespace pusher {

/// What an API key may do; a key has a set of them, as bits. `none` is what needs no key, `any` what every
/// key may.
enum class scope : uint8_t { none = 0, devices = 1, send = 2, read = 4, admin = 8, any = 15 };
inline constexpr std::array all_scopes{scope::devices, scope::send, scope::read, scope::admin};
std::string_view to_string(scope value);
std::optional<scope> parse_scope(std::string_view name);

/// The application that a fresh installation has. Its admin keys administer all others, so it is never
/// renamed, suspended or deleted.
inline const std::string default_application = "default";

/// A tenant.
struct application {
  application_id key;
  std::string id;  ///< a UUID; stays when the name changes
  std::string name;
  utc_ms created_at = 0;
  utc_ms suspended_at = 0;  ///< 0 = active
  retention_wish kept = {};
};
/// Errors: invalid_field.
result<void> check_application_name(std::string_view name);

struct api_key {
  api_key_id key;
  std::string id;  ///< the readable first characters of the key
  application_id application;
  std::string application_name;
  std::string name;
  uint8_t scopes = 0;                           ///< bits of `scope`
  std::optional<uint32_t> requests_per_second;  ///< nothing = the node's setting; 0 = no limit
  utc_ms created_at = 0;
  utc_ms expires_at = 0;    ///< 0 = never
  utc_ms last_used_at = 0;  ///< to the minute; 0 = never
  utc_ms revoked_at = 0;    ///< 0 = live
};

/// What the maker of a key chooses.
struct api_key_wish {
  std::string name;
  uint8_t scopes = 0;
  std::optional<uint32_t> requests_per_second;
  utc_ms expires_at = 0;
};

/// A fresh key and its text, which cannot be had again.
struct made_api_key {
  api_key value;
  std::string secret;
};

/// `psk_` and 43 base64url characters: whether a text could be a key at all.
bool looks_like_api_key(std::string_view text);

}  // namespace pusher
