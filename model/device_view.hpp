// A stored device as conditions look at one.
#pragma once

#include "model/device.hpp"

namespace pusher {

/// Views into `from`, which must outlive it.
device_row row_of(const stored_device& from);

}  // namespace pusher
