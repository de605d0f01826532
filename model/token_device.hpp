// Devices that are known by nothing but their push token: made for callers who hold tokens and no device ids.
#pragma once

#include <string>
#include <string_view>

#include "model/device.hpp"

namespace pusher {

/// The property that such a device carries, so that conditions can leave it out; its value names the caller.
inline constexpr std::string_view registered_by = "registered_by";

/// `token-<gateway>-<32 hex digits>`, for APNs's sandbox `token-apns-sandbox-...`: the same for the same
/// token, and nothing of the token can be read from it.
std::string token_device_id(gateway gateway, environment environment, std::string_view push_token);

/// The device that stands for the token, with the platform that its gateway makes likely.
device token_device(gateway gateway, environment environment, std::string push_token, std::string_view by);

}  // namespace pusher
