// A device: one installed app or browser that can be pushed to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/ids.hpp"

namespace pusher {

/// The outside service that reaches a device. Numbers are stored: never renumber.
enum class gateway : uint8_t { fcm = 1, apns = 2, webpush = 3, hms = 4 };
inline constexpr std::array all_gateways{gateway::fcm, gateway::apns, gateway::webpush, gateway::hms};
std::string_view to_string(gateway value);
std::optional<gateway> parse_gateway(std::string_view name);

/// Numbers are stored: never renumber.
enum class platform : uint8_t { android = 1, ios = 2, web = 3, other = 4 };
inline constexpr std::array all_platforms{platform::android, platform::ios, platform::web, platform::other};
std::string_view to_string(platform value);
std::optional<platform> parse_platform(std::string_view name);

/// Which of APNs's two worlds a token belongs to; `production` for every other gateway. Numbers are stored.
enum class environment : uint8_t { production = 1, sandbox = 2 };
std::string_view to_string(environment value);
inline environment other_environment(environment value) {
  return value == environment::production ? environment::sandbox : environment::production;
}
std::optional<environment> parse_environment(std::string_view name);

/// Why a device is not in any audience. Numbers are stored: never renumber.
enum class disabled_reason : uint8_t { none = 0, unregistered = 1, token_moved = 2 };
std::string_view to_string(disabled_reason value);

/// Keys of a Web Push subscription (RFC 8291), as the browser gave them, base64url.
struct web_push_keys {
  std::string p256dh;
  std::string auth;
};

/// A device as clients describe it. Limits: model/limits.hpp.
struct device {
  std::string device_id;  ///< chosen by the client's back end, unique in its application
  pusher::gateway gateway = gateway::fcm;
  pusher::environment environment = environment::production;
  pusher::platform platform = platform::other;
  std::string push_token;             ///< for webpush: the subscription's endpoint
  std::optional<web_push_keys> keys;  ///< webpush only
  std::optional<std::string> user_id;
  std::optional<std::string> locale;     ///< BCP 47, e.g. ko-KR
  std::optional<std::string> time_zone;  ///< IANA name, e.g. Asia/Seoul
  std::optional<std::string> app_version;
  std::string properties = "{}";  ///< a JSON object, checked and compact
};

/// A device as stored.
struct stored_device {
  device_key key;
  device value;
  utc_ms created_at = 0;
  utc_ms updated_at = 0;
  utc_ms last_seen_at = 0;
  utc_ms token_registered_at = 0;  ///< when this very token was last registered
  disabled_reason disabled = disabled_reason::none;
  utc_ms disabled_at = 0;  ///< 0 = enabled
};

/// One row of a fan-out page or search: what conditions look at and what a push needs. Views point into the
/// page's buffer and die with it.
struct device_row {
  device_key key;
  std::string_view device_id;
  pusher::gateway gateway = gateway::fcm;
  pusher::environment environment = environment::production;
  pusher::platform platform = platform::other;
  std::string_view push_token;
  std::string_view p256dh;  ///< empty but for webpush; likewise auth
  std::string_view auth;
  std::string_view user_id;  ///< empty = none; likewise the next three
  std::string_view locale;
  std::string_view time_zone;
  std::string_view app_version;
  std::string_view properties;  ///< a JSON object
  utc_ms created_at = 0;
  utc_ms last_seen_at = 0;
};

/// What happened to a device, beside its deliveries. Numbers are stored: never renumber.
enum class device_event_type : uint8_t {
  registered = 0,       ///< not stored: the device's created_at
  token_replaced = 1,   ///< it registered with another token
  token_moved_in = 2,   ///< it registered with a token that another device held
  token_moved_out = 3,  ///< another device registered with its token, and this one was disabled
  disabled = 4,         ///< a gateway said that its token is dead
  enabled = 5,          ///< it registered again
  received = 10,        ///< reported by the client; likewise opened
  opened = 11
};
inline constexpr std::array all_device_event_types{
    device_event_type::registered,      device_event_type::token_replaced, device_event_type::token_moved_in,
    device_event_type::token_moved_out, device_event_type::disabled,       device_event_type::enabled,
    device_event_type::received,        device_event_type::opened};
std::string_view to_string(device_event_type value);
std::optional<device_event_type> parse_device_event_type(std::string_view name);

/// An entry of a device's history.
struct device_event {
  uint64_t id = 0;  ///< later ones have higher ids; 0 = registered
  device_event_type type = device_event_type::registered;
  std::string other_device_id;  ///< of token_moved_in and token_moved_out; empty when it is gone
  std::string notification_id;  ///< public id; empty when none was named
  utc_ms at = 0;
};

using sha256_digest = std::array<uint8_t, 32>;
/// SHA-256, e.g. of a push token (how tokens are compared and indexed) or of an API key.
sha256_digest sha256(std::string_view bytes);

}  // namespace pusher
