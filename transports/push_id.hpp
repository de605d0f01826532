// The id that a push carries: the same however often it is sent.
#pragma once

#include <string>

#include "model/ids.hpp"

namespace pusher {

/// A lower-case UUID (version 8) made of notification and device.
std::string push_id(notification_key notification, device_key device);

}  // namespace pusher
