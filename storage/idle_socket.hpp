// Tells whether the peer closed a connection while it lay idle, so that a restart of a store costs nobody a
// failure.
#pragma once

#include <poll.h>

namespace pusher {

/// For a connection on which no answer is awaited: anything to read there is the end of the stream, or a
/// farewell.
inline bool closed_while_idle(int fd) {
  pollfd state{fd, POLLIN, 0};
  return ::poll(&state, 1, 0) != 0;
}

}  // namespace pusher
