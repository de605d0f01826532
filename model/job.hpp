// Jobs: what travels in the journal between the roles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/ids.hpp"
#include "model/notification.hpp"
#include "model/outcome.hpp"

namespace pusher {

/// What the roles are told of a notification under way that may not go on. Numbers are stored: never
/// renumber.
enum class control : uint8_t {
  paused = 1,    ///< nothing leaves; what is journaled is held
  canceled = 2,  ///< nothing leaves any more
  released = 3   ///< it goes on; what was held is on its way back to its streams
};

/// One device that a push batch is for.
struct push_target {
  device_key device;
  std::string push_token;
  uint8_t attempts = 0;  ///< requests that were answered for this target already
  /// Web Push only: the subscription's keys as the browser gave them, `p256dh.auth` in base64url; else empty.
  std::string subscription_keys = {};
  bool switched = false;                 ///< the gateway's other environment was asked already
  uint16_t localization = 0;             ///< in whose words: 0 = none, else counted from 1
  std::vector<std::string> values = {};  ///< of the message's variables, in their order; empty = it uses none
};

/// Devices of one notification that share gateway, credential and lane.
struct push_batch {
  notification_key notification;
  utc_ms expires_at = 0;  ///< by Redis's clock
  uint8_t retries = 0;    ///< how many times its targets were put aside
  std::vector<push_target> targets;
  uint32_t rate_per_second = 0;  ///< of the notification; 0 = none
  utc_ms reserved_at = 0;  ///< of a notification with a rate: when these targets may go; 0 = not asked yet
};

/// The final outcome of one target.
struct push_result {
  device_key device;
  pusher::outcome outcome = outcome::unknown;
  uint8_t attempts = 0;
  utc_ms settled_at = 0;
  std::string code;
  std::string gateway_message_id;
  /// With `unregistered`: since when the gateway knows, 0 = it did not say.
  utc_ms unregistered_at = 0;
  /// The gateway's environment that took it, when that is not the device's own.
  std::optional<environment> found_in;
  /// The token that stands for the device from now on; empty = the same.
  std::string replacement_token;
  /// With `unregistered`, found_in or replacement_token: which token this is about.
  sha256_digest token{};
};

/// Outcomes of targets of one notification.
struct result_batch {
  notification_key notification;
  std::vector<push_result> results;
  /// Through which gateway the pushes went; none when they never left, e.g. skipped ones.
  std::optional<pusher::gateway> gateway = std::nullopt;
  pusher::environment environment = environment::production;
};

}  // namespace pusher
