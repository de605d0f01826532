// What one step of a role came to.
#pragma once

#include "model/clock.hpp"

namespace pusher {

struct step_result {
  bool worked = false;  ///< something was done; there may be more to do at once
  utc_ms until = 0;     ///< otherwise: look again at this time (of the role's clock); 0 = only on an event
};

}  // namespace pusher
