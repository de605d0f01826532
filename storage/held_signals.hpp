// A command that must clean up when it is asked to end: the signals wait until it looks.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "model/result.hpp"

namespace pusher {

/// Holds SIGINT, SIGTERM and SIGHUP back as long as it lives. For a process's only thread, before it makes
/// others.
class held_signals {
 public:
  held_signals();
  ~held_signals();
  held_signals(const held_signals&) = delete;
  held_signals& operator=(const held_signals&) = delete;

  /// Error `internal` as soon as we were asked to end.
  result<void> go_on();
  /// Waits for a child's end; its exit code, or 128 and more for a signal. When we are asked to end
  /// meanwhile, ends the child and gives go_on()'s error.
  result<int> wait_for(pid_t child);

 private:
  static sigset_t watched(bool with_children);

  sigset_t before_{};
  bool asked_ = false;
};

}  // namespace pusher
