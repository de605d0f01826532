#include "storage/held_signals.hpp"

#include <sys/wait.h>

#include <cerrno>

namespace pusher {

sigset_t held_signals::watched(bool with_children) {
  sigset_t set;
  sigemptyset(&set);
  for (int each : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&set, each);
  if (with_children) sigaddset(&set, SIGCHLD);
  return set;
}

held_signals::held_signals() {
  auto set = watched(true);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

held_signals::~held_signals() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

result<void> held_signals::go_on() {
  auto set = watched(false);
  timespec at_once{};
  if (!asked_) asked_ = sigtimedwait(&set, nullptr, &at_once) > 0;
  return asked_ ? error{errc::internal, "Interrupted; nothing is left behind.", "", 0} : result<void>();
}

result<int> held_signals::wait_for(pid_t child) {
  auto set = watched(true);
  for (;;) {
    int status = 0;
    auto ended = ::waitpid(child, &status, WNOHANG);
    if (ended < 0) return error{errc::internal, "Cannot wait for a child process.", "", 0};
    if (ended == child) {
      if (auto on = go_on(); !on) return on.failure();
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    // Blocked since before the child began, so that its end cannot be missed.
    int which = sigwaitinfo(&set, nullptr);
    if (which <= 0 || which == SIGCHLD) continue;
    asked_ = true;
    ::kill(child, SIGTERM);
  }
}

}  // namespace pusher
