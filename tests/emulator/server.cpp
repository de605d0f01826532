#include "tests/emulator/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace pusher::emulator {

namespace {

// What epoll hands back: a connection's number (from 1), or one of these.
constexpr uint64_t listener_tag = UINT64_MAX;
constexpr uint64_t sandbox_listener_tag = UINT64_MAX - 1;
constexpr uint64_t signal_tag = UINT64_MAX - 2;

int64_t count_us(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

bool add(int epoll, int fd, uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

int64_t wall_clock_us() {
  return count_us(std::chrono::system_clock::now().time_since_epoch());
}
int64_t steady_clock_us() {
  return count_us(std::chrono::steady_clock::now().time_since_epoch());
}

void services::put_off(uint64_t connection, int32_t stream) {
  delayed_answer answer{steady_clock_us() + google.delay_ms() * 1000, connection, stream};
  auto later = [](const delayed_answer& one, const delayed_answer& other) {
    return one.due_us < other.due_us;
  };
  delayed.insert(std::upper_bound(delayed.begin(), delayed.end(), answer, later), answer);
}

int open_listener(const std::string& host, uint16_t& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  auto numeric = host == "localhost" ? std::string("127.0.0.1") : host;
  if (inet_pton(AF_INET, numeric.c_str(), &address.sin_addr) != 1) return errno = EINVAL, -1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(fd, plain, size) != 0 || listen(fd, SOMAXCONN) != 0 || getsockname(fd, plain, &size) != 0) {
    int failure = errno;
    close(fd);
    return errno = failure, -1;
  }
  port = ntohs(address.sin_port);
  return fd;
}

server::server(const options& settings, int listener, int sandbox_listener, ssl_context_ptr context,
               gateway& google, request_log& log, statistics& stats)
    : listener_(listener),
      sandbox_listener_(sandbox_listener),
      context_(std::move(context)),
      log_(log),
      google_(google),
      shared_{settings, google, stats, {}} {}

server::~server() {
  connections_.clear();
  for (int fd : {listener_, sandbox_listener_, signals_, epoll_})
    if (fd >= 0) close(fd);
}

bool server::run() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  signals_ = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (signals_ < 0 || epoll_ < 0) return false;
  if (!add(epoll_, listener_, listener_tag) || !add(epoll_, sandbox_listener_, sandbox_listener_tag) ||
      !add(epoll_, signals_, signal_tag))
    return false;

  epoll_event events[64];
  for (;;) {
    int count = epoll_wait(epoll_, events, std::size(events), wait_ms());
    if (count < 0 && errno != EINTR) return false;
    for (int i = 0; i < count; ++i) {
      uint64_t tag = events[i].data.u64;
      if (tag == signal_tag) return true;
      if (tag == listener_tag || tag == sandbox_listener_tag) {
        accept_all(tag == sandbox_listener_tag);
        continue;
      }
      // An event of this batch may be for a connection that an earlier one closed.
      auto found = connections_.find(tag);
      if (found != connections_.end()) advance(*found->second);
    }
    answer_what_is_due();
    log_.flush_when_due(wall_clock_us());
  }
}

int server::wait_ms() const {
  int64_t wait_us = log_.pending() ? request_log::longest_wait_us / 5 : INT64_MAX;
  if (!shared_.delayed.empty())
    wait_us = std::min(wait_us, std::max<int64_t>(0, shared_.delayed.front().due_us - steady_clock_us()));
  return wait_us == INT64_MAX ? -1 : static_cast<int>((wait_us + 999) / 1000);
}

void server::accept_all(bool sandbox) {
  for (;;) {
    int fd = accept4(sandbox ? sandbox_listener_ : listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    uint64_t number = next_number_++;
    auto client = std::make_unique<connection>(context_.get(), fd, shared_, number, sandbox);
    if (add(epoll_, fd, number)) connections_.emplace(number, std::move(client));
  }
}

void server::advance(connection& client) {
  bool open = client.advance();
  uint64_t number = client.number();
  if (open) watch(client);
  if (auto given = google_.take_orders(); given.any()) obey(given, number);
  if (!open) forget(number);
}

void server::watch(connection& client) {
  if (client.wants_to_write() == client.watched_for_write) return;
  client.watched_for_write = client.wants_to_write();
  epoll_event event{};
  event.events = EPOLLIN | (client.watched_for_write ? uint32_t{EPOLLOUT} : 0U);
  event.data.u64 = client.number();
  epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket(), &event);
}

void server::answer_what_is_due() {
  if (shared_.delayed.empty()) return;
  int64_t now = steady_clock_us();
  touched_.clear();
  while (!shared_.delayed.empty() && shared_.delayed.front().due_us <= now) {
    auto due = shared_.delayed.front();
    shared_.delayed.pop_front();
    auto found = connections_.find(due.connection);
    if (found == connections_.end()) continue;
    found->second->answer_now(due.stream);
    if (std::find(touched_.begin(), touched_.end(), due.connection) == touched_.end())
      touched_.push_back(due.connection);
  }
  for (uint64_t number : touched_)
    if (auto found = connections_.find(number); found != connections_.end()) advance(*found->second);
}

void server::obey(const orders& given, uint64_t giver) {
  if (given.close_connections) close_all_but(giver);
  if (!given.go_away && !given.release) return;
  std::vector<uint64_t> numbers;
  for (const auto& each : connections_)
    if (each.first != giver) numbers.push_back(each.first);
  for (uint64_t number : numbers) {
    auto found = connections_.find(number);
    if (found == connections_.end()) continue;
    found->second->obey(given);
    advance(*found->second);
  }
}

void server::close_all_but(uint64_t number) {
  for (auto each = connections_.begin(); each != connections_.end();)
    each = each->first == number ? std::next(each) : connections_.erase(each);
}

void server::forget(uint64_t number) {
  connections_.erase(number);
}

}  // namespace pusher::emulator
