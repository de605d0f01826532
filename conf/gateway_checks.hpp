// What must hold between the options of one gateway.
#pragma once

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// Errors: invalid_configuration, naming the option and the remedy.
result<void> check_gateways(const settings& values);

}  // namespace pusher
