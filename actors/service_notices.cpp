#include "actors/service_notices.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "storage/child_process.hpp"

namespace pusher {

namespace {

using namespace std::chrono_literals;

// How long stores of others may keep it from having started; below TimeoutStartSec of pusher.service.
constexpr auto patience = 20s;
// While it migrates, its time to start grows by so much, so often.
constexpr auto extension = 60s, extended_every = 10s;

/// A datagram socket that is connected to `name`; a leading @ stands for the abstract namespace.
owned_fd connected_to(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.empty() || name.size() >= sizeof(address.sun_path)) return owned_fd();
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  owned_fd made(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (made.valid() && ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    made.reset();
  return made;
}

std::string taken_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value ? value : "";
  ::unsetenv(name);
  return text;
}

std::string one_line(std::string text) {
  for (auto& each : text)
    if (each == '\n' || each == '\r') each = ' ';
  return text;
}

}  // namespace

service_manager find_service_manager() {
  service_manager found;
  auto socket = taken_variable("NOTIFY_SOCKET");
  auto interval = taken_variable("WATCHDOG_USEC");
  auto whom = taken_variable("WATCHDOG_PID");
  auto connection = std::make_shared<owned_fd>(connected_to(socket));
  if (!connection->valid()) return found;
  found.send = [connection](const std::string& text) {
    // Nothing to be done when it does not listen: it will say so itself.
    (void)::send(connection->get(), text.data(), text.size(), MSG_NOSIGNAL);
  };
  long long microseconds = 0;
  std::from_chars(interval.data(), interval.data() + interval.size(), microseconds);
  if (microseconds > 0 && (whom.empty() || whom == std::to_string(::getpid())))
    found.watchdog = std::chrono::microseconds(microseconds);
  return found;
}

service_notices::service_notices(service_manager to, clock::time_point now)
    : to_(std::move(to)), started_(now), lived_(now) {}

void service_notices::look(clock::time_point now, bool playing, bool migrating, const std::string& status) {
  if (status != status_) {
    status_ = status;
    send("STATUS=" + one_line(status));
  }
  if (ready_) return;
  if (playing || (now - started_ >= patience && !migrating)) {
    ready_ = true;
    lived_ = now;
    send("READY=1");
  } else if (migrating && (!extended_ || now - *extended_ >= extended_every)) {
    extended_ = now;
    send("EXTEND_TIMEOUT_USEC=" +
         std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(extension).count()));
  }
}

bool service_notices::wants_life(clock::time_point now) const {
  return ready_ && to_.send && to_.watchdog > 0us && now - lived_ >= to_.watchdog / 2;
}

void service_notices::lives(clock::time_point now) {
  lived_ = now;
  send("WATCHDOG=1");
}

void service_notices::ends() {
  send("STOPPING=1\nSTATUS=Finishes what is in flight");
}

void service_notices::send(const std::string& text) {
  if (to_.send) to_.send(text);
}

}  // namespace pusher
