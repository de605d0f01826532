#include "actors/inspect/top_command.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "actors/inspect/full_screen.hpp"
#include "actors/inspect/live_looks.hpp"
#include "actors/inspect/terminal_text.hpp"
#include "actors/inspect/top_frame.hpp"

namespace pusher::commands {

namespace {

constexpr int usage = 2, unreachable = 3, configuration = 78;

int give_up(const error& why) {
  std::fprintf(stderr, "pusher: %s\n", screen::legible(why.detail).c_str());
  if (why.code == errc::invalid_field) return usage;
  return why.code == errc::invalid_configuration ? configuration : unreachable;
}

screen::top_look shown(const cluster_look* look) {
  if (!look) return {};
  return {look->cluster.get(), look->streams.get()};
}

double seconds_between(const cluster_look* before, const cluster_look* now) {
  return before && now ? std::chrono::duration<double>(now->at - before->at).count() : 0;
}

/// Two looks, a second apart, so that there are rates.
int one_frame(const std::string& node, const settings& config) {
  std::unique_ptr<node_client> client;
  auto before = look_at_cluster(client, config, node);
  if (!before) return give_up(before.failure());
  std::this_thread::sleep_for(std::chrono::seconds(1));
  auto now = look_at_cluster(client, config, node);
  if (!now) return give_up(now.failure());
  screen::top_view how;
  how.now = now_ms();
  how.lines = 1000;
  how.seconds_between = seconds_between(&*before, &*now);
  how.address = now->address;
  std::puts(screen::top_frame(shown(&*now), shown(&*before), how).c_str());
  return 0;
}

/// Follows the looks, the keys and the signals until one says to end.
class watcher {
 public:
  watcher(const std::string& node, const settings& config)
      : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), looks_(config, node, [to = wake_] {
          uint64_t one = 1;
          (void)!::write(to, &one, sizeof one);
        }) {
    sigset_t set;
    sigemptyset(&set);
    for (int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH})
      sigaddset(&set, each);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  void run() {
    full_screen on;
    while (!ended_) {
      draw();
      pollfd all[] = {{STDIN_FILENO, POLLIN, 0}, {wake_, POLLIN, 0}, {signals_, POLLIN, 0}};
      if (::poll(all, 3, 1000) < 0 && errno != EINTR) return;
      if (all[0].revents != 0) read_keys();
      if (all[2].revents != 0) read_signals();
      uint64_t counted = 0;
      (void)!::read(wake_, &counted, sizeof counted);
    }
  }

 private:
  void draw() {
    if (!frozen_) known_ = looks_.get();
    auto [lines, columns] = full_screen::size();
    screen::top_view how;
    how.now = frozen_ ? frozen_at_ : now_ms();
    how.lines = lines;
    how.columns = columns;
    how.colours = std::getenv("NO_COLOR") == nullptr;
    how.frozen = frozen_;
    how.help = help_;
    how.seconds_between = seconds_between(known_.before.get(), known_.now.get());
    if (known_.now) how.address = known_.now->address;
    how.trouble = known_.trouble;
    if (!known_.trouble.empty() && known_.now) {
      auto age = std::chrono::steady_clock::now() - known_.now->at;
      how.trouble += " This picture is " +
                     screen::duration_text(static_cast<uint64_t>(
                         std::chrono::duration_cast<std::chrono::milliseconds>(age).count())) +
                     " old; trying again.";
    }
    full_screen::show(screen::top_frame(shown(known_.now.get()), shown(known_.before.get()), how));
  }

  void read_keys() {
    char key = 0;
    ssize_t got = 0;
    while ((got = ::read(STDIN_FILENO, &key, 1)) == 1) {
      if (key == 'q' || key == 'Q') ended_ = true;
      if (key == '?' || key == 'h') help_ = !help_;
      if (key != 'p' && key != 'P') continue;
      frozen_ = !frozen_;
      frozen_at_ = now_ms();
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) ended_ = true;  // the terminal is gone
  }

  void read_signals() {
    signalfd_siginfo which{};
    while (::read(signals_, &which, sizeof which) == static_cast<ssize_t>(sizeof which))
      if (which.ssi_signo != SIGWINCH && which.ssi_signo != SIGTSTP) ended_ = true;
  }

  int wake_, signals_ = -1;
  live_looks looks_;
  live_looks::latest known_;
  bool ended_ = false, frozen_ = false, help_ = false;
  utc_ms frozen_at_ = 0;
};

}  // namespace

int top(const std::string& node, const settings& config) {
  std::signal(SIGPIPE, SIG_IGN);
  if (isatty(STDOUT_FILENO) != 1 || isatty(STDIN_FILENO) != 1) return one_frame(node, config);
  // Blocked in every thread from here on.
  sigset_t set;
  sigemptyset(&set);
  for (int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH})
    sigaddset(&set, each);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  {
    std::unique_ptr<node_client> client;
    if (auto there = look_at_cluster(client, config, node); !there) return give_up(there.failure());
  }
  watcher(node, config).run();
  // The thread that looks may wait for a node that hangs.
  std::fflush(nullptr);
  ::_exit(0);
}

}  // namespace pusher::commands
