#include "storage/embedded_server.hpp"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace pusher {

using namespace std::chrono_literals;

namespace {

constexpr auto poll_interval = 20ms;
constexpr auto watch_interval = 100ms;
constexpr auto least_back_off = 200ms;
constexpr auto most_back_off = 5000ms;
constexpr auto restart_deadline = 60s;
constexpr auto healthy_after = 10s;
constexpr size_t log_excerpt_bytes = 1500;
constexpr size_t most_log_bytes = 1024 * 1024;  // of one start; a damaged page fills 50 KiB

}  // namespace

embedded_server::embedded_server(server_plan plan) : plan_(std::move(plan)) {}

embedded_server::~embedded_server() {
  leave();
}

result<void> embedded_server::run(clock::time_point deadline) {
  auto users = open_lock_file(plan_.directory + "/run/" + plan_.name + ".users");
  if (!users) return users.failure();
  // Waits while another process that was the last user stops the server.
  if (::flock(users->get(), LOCK_SH) != 0) return failure("cannot lock its list of users");
  users_ = std::move(*users);
  return bring_up(deadline);
}

result<void> embedded_server::bring_up(clock::time_point deadline) {
  bool started = false, mended = false;
  for (;;) {
    if (plan_.answering()) return {};
    auto alive = seize_life();
    if (!alive) return alive.failure();
    if (alive->valid()) {
      if (started && std::exchange(mended, true)) return failure("ended as soon as it was started");
      if (started)
        if (auto done = mend(); !done) return done;
      if (auto begun = start(*alive); !begun) return begun.failure();
      started = true;
    }
    if (clock::now() >= deadline) {
      // It may be recovering from a crash, which a kill would only begin anew: the next start will find it.
      child_ = 0;
      return failure("does not answer in time");
    }
    if (pause(poll_interval)) return failure("was stopped while it started");
  }
}

result<void> embedded_server::start(const owned_fd& alive) {
  reap();
  if (auto prepared = plan_.prepare(alive); !prepared) return prepared.failure();
  auto pid = spawn(plan_.command, alive);
  if (!pid) return pid.failure();
  child_ = *pid;
  return {};
}

result<owned_fd> embedded_server::seize_life() {
  auto alive = open_lock_file(plan_.directory + "/run/" + plan_.name + ".alive");
  if (!alive || ::flock(alive->get(), LOCK_EX | LOCK_NB) == 0) return alive;
  return owned_fd();
}

result<void> embedded_server::mend() {
  auto said = last_lines(plan_.command.log_file, most_log_bytes);
  if (auto start = said.rfind(plan_.first_words); start != std::string::npos) said.erase(0, start);
  auto done = plan_.mend(said);
  if (!done) return done.failure();
  return *done ? result<void>() : failure("ended as soon as it was started");
}

bool embedded_server::dead() {
  reap();
  auto alive = seize_life();
  // Without its directory nothing can tell but our own child's end.
  return alive ? alive->valid() : child_ == 0;
}

void embedded_server::reap() {
  if (child_ > 0 && ::waitpid(child_, nullptr, WNOHANG) == child_) child_ = 0;
}

void embedded_server::watch(std::function<void(const error&)> not_started) {
  watcher_ = std::thread([this, told = std::move(not_started)] { watch_loop(told); });
}

void embedded_server::watch_loop(const std::function<void(const error&)>& not_started) {
  std::chrono::milliseconds back_off = least_back_off;
  bool told = false;
  auto healthy_since = clock::now();
  while (!pause(watch_interval)) {
    if (!dead()) continue;
    if (clock::now() - healthy_since > healthy_after) back_off = least_back_off;
    if (pause(back_off)) return;
    back_off = std::min<std::chrono::milliseconds>(back_off * 2, most_back_off);
    auto up = bring_up(clock::now() + restart_deadline);
    bool fails = !up && !stopping();
    if (fails && !told && not_started) not_started(up.failure());
    told = fails;
    healthy_since = clock::now();
  }
}

/// Whether we were told to stop.
bool embedded_server::pause(std::chrono::milliseconds duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  return stopped_.wait_for(lock, duration, [this] { return stopping_; });
}

bool embedded_server::stopping() {
  std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

void embedded_server::leave() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  // Of several that leave at once exactly one gets the exclusive lock; it also keeps newcomers waiting.
  if (users_.valid() && ::flock(users_.get(), LOCK_EX | LOCK_NB) == 0) stop_process();
  users_.reset();
}

void embedded_server::stop_process() {
  auto pid = child_ > 0 ? child_ : plan_.answering().value_or(0);
  if (pid <= 0 || dead()) return;
  ::kill(pid, SIGTERM);
  auto deadline = clock::now() + plan_.patience;
  while (!dead()) {
    // Both servers keep what they acknowledged through a kill.
    if (clock::now() >= deadline) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(poll_interval);
  }
}

error embedded_server::failure(const std::string& what) const {
  auto log = last_lines(plan_.command.log_file, log_excerpt_bytes);
  return {
      errc::store_unavailable,
      "The embedded " + plan_.name + " server " + what + (log.empty() ? "" : ". The end of its log:\n" + log),
      "", 0};
}

}  // namespace pusher
