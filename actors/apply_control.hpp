// How Redis learns that a notification is paused, goes on or is canceled: the api says it before it answers,
// and the leader says again what an api could not.
#pragma once

#include "storage/journal.hpp"

namespace pusher {

/// Each step may be repeated. Crash after the first => the leader's next look goes on.
inline result<void> apply_control(journal& to, notification_key key, control what) {
  if (auto set = to.set_control(key, what); !set) return set;
  if (what == control::paused) return {};
  if (auto released = to.release_held(key); !released) return released;
  // What waits for a retry or for its turn is canceled now, and not when it would have been sent.
  return what == control::canceled ? to.hasten(key) : result<void>();
}

}  // namespace pusher
