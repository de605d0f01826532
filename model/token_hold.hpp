// Deletions of tokens that wait for an operator, because there were far too many at once.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/clock.hpp"
#include "model/device.hpp"

namespace pusher {

/// Numbers are stored: never renumber.
enum class token_hold_state : uint8_t {
  held = 1,       ///< devices stay enabled until somebody decides
  confirmed = 2,  ///< the tokens were dead: their devices were disabled
  undone = 3      ///< it was our fault, a wrong key or project: nothing was disabled
};
inline std::string_view to_string(token_hold_state value) {
  switch (value) {
    case token_hold_state::held:
      return "held";
    case token_hold_state::confirmed:
      return "confirmed";
    case token_hold_state::undone:
      return "undone";
  }
  return "";
}

struct token_hold {
  uint64_t id = 0;
  pusher::gateway gateway = gateway::fcm;
  pusher::environment environment = environment::production;
  token_hold_state state = token_hold_state::held;
  uint64_t answered = 0;  ///< pushes that the gateway accepted or called dead when the hold began
  uint64_t dead = 0;      ///< those of them that it called dead
  uint64_t devices = 0;   ///< devices that wait; once decided: devices that were disabled
  utc_ms since = 0;
  utc_ms decided_at = 0;  ///< 0 = not yet
};

}  // namespace pusher
