// What must hold between the settings of logs and traces.
#pragma once

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

/// Errors: invalid_configuration.
result<void> check_observation(const settings& values);

}  // namespace pusher
