// `pusher health`: asks a node's admin listener how it fares, for health checks of containers and for
// scripts.
#pragma once

#include <string>

#include "conf/settings.hpp"

namespace pusher::commands {

struct health_wish {
  bool alive_only = false;  ///< /livez in place of /readyz
  bool quiet = false;
  unsigned timeout_seconds = 3;
};

/// 0 well, 1 not (it says what is wrong), 3 no answer.
int health(const health_wish& wish, const settings& config);

}  // namespace pusher::commands
