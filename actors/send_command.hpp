// `pusher send`: one push from the command line, through a running node's API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher::commands {

/// What the command line says.
struct send_wish {
  // Whom: exactly one of token, devices, users, condition, segment.
  std::string token;
  std::string gateway = "fcm";  ///< of the token, like `environment`
  std::string environment = "production";
  std::vector<std::string> devices, users;
  std::string condition;  ///< JSON
  std::string segment;
  // What.
  std::string title, body, image, icon, link, sound;
  std::optional<int> badge;
  std::vector<std::string> data;  ///< NAME=VALUE
  // How.
  std::string collapse_key, lane, priority;
  std::optional<uint32_t> ttl_seconds;
  bool wait = false, as_json = false, dry_run = false;
  unsigned timeout_seconds = 60;  ///< of `wait`
  // Where.
  std::string url;  ///< empty = where the configured node listens
  std::string key_file, ca_file;
  std::string application = "default";  ///< when no key is given
};

/// The body of POST /v1/notifications, but for the audience of a token, which has to be found first.
/// Errors: invalid_field.
result<std::string> notification_for(const send_wish& wish, const std::vector<std::string>& device_ids);

/// Exit codes: 0 launched, with `wait` accepted by all; 1 refused, or not accepted by some; 2 usage; 3 the
/// node cannot be reached; 78 configuration. `config` is nothing when a URL and a key are given.
int send(const send_wish& wish, const std::optional<settings>& config);

}  // namespace pusher::commands
