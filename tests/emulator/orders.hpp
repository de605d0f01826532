// What a control message wants from all connections.
#pragma once

namespace pusher::emulator {

struct orders {
  bool close_connections = false;
  bool go_away = false;
  bool release = false;  ///< pushes that were held back

  bool any() const { return close_connections || go_away || release; }
};

}  // namespace pusher::emulator
