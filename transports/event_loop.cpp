#include "transports/event_loop.hpp"

#include <csignal>

#include <algorithm>
#include <array>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pusher {

namespace {

constexpr size_t events_per_round = 64;
constexpr auto longest_wait = std::chrono::seconds(60);

int wait_ms(steady_time now, steady_time until) {
  if (until <= now) return 0;
  auto wait = std::min<std::chrono::nanoseconds>(until - now, longest_wait);
  // Rounded up: waking before the time would only start an idle round.
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
}

}  // namespace

result<std::unique_ptr<event_loop>> event_loop::make() {
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_fd >= 0 && wake_fd >= 0) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;  // the wake-up descriptor
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &event) == 0)
      return std::unique_ptr<event_loop>(new event_loop(epoll_fd, wake_fd));
  }
  if (epoll_fd >= 0) close(epoll_fd);
  if (wake_fd >= 0) close(wake_fd);
  return error{errc::internal, "cannot create an event loop: out of file descriptors?", "", 0};
}

event_loop::event_loop(int epoll_fd, int wake_fd)
    : epoll_fd_(epoll_fd), wake_fd_(wake_fd), now_(std::chrono::steady_clock::now()) {}

event_loop::~event_loop() {
  close(wake_fd_);
  close(epoll_fd_);
}

void event_loop::run(task& each_round) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!stopping_)
    wait(each_round.on_round(now_));
}

void event_loop::wait(steady_time until) {
  std::array<epoll_event, events_per_round> events;
  auto before = std::chrono::steady_clock::now();
  int count = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), wait_ms(before, until));
  now_ = std::chrono::steady_clock::now();
  waited_ += now_ - before;
  for (int i = 0; i < count; ++i) {
    auto& event = events[static_cast<size_t>(i)];
    if (event.data.ptr != nullptr) {
      static_cast<watcher*>(event.data.ptr)->on_ready(event.events);
      continue;
    }
    uint64_t wakes = 0;
    [[maybe_unused]] auto got = read(wake_fd_, &wakes, sizeof wakes);
    // Cleared before the task looks at what other threads left: a later wake() writes again.
    awake_ = false;
  }
}

void event_loop::stop() {
  stopping_ = true;
  wake();
}

void event_loop::wake() {
  if (awake_.exchange(true)) return;
  uint64_t one = 1;
  [[maybe_unused]] auto put = write(wake_fd_, &one, sizeof one);
}

bool event_loop::watch(int fd, uint32_t events, watcher& who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void event_loop::change(int fd, uint32_t events, watcher& who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void event_loop::unwatch(int fd) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace pusher
