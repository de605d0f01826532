// The settings with which a node reaches a running gateway emulator, from what it says in its ready.json.
#pragma once

#include <memory>
#include <string>

#include "conf/settings.hpp"
#include "model/job.hpp"
#include "model/result.hpp"
#include "transports/transport.hpp"

namespace pusher::bench {

/// A gateway emulator, and how one of its gateways is used.
struct emulated {
  pusher::channel channel = channel::fcm;
  settings config;  ///< of that gateway alone
  std::string web_push_url, subscription_keys;

  /// A target whose push token is as long as the gateway's are; the number-th.
  push_target target(uint64_t number) const;
};

/// Reads ready.json. `gateway`: fcm, apns or webpush. Errors: invalid_configuration.
result<emulated> emulated_gateway(const std::string& ready_file, const std::string& gateway);

/// What is pushed: bodies of about 340 bytes at each gateway.
std::shared_ptr<const message> campaign_message(channel to);

}  // namespace pusher::bench
