#include "transports/host_resolver.hpp"

#include <csignal>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

#include <netdb.h>

namespace pusher {

struct host_resolver::shared_state {
  std::mutex mutex;
  std::function<void()> wake;  ///< empty once the resolver is gone
  std::unique_ptr<lookup> found;
};

namespace {

std::unique_ptr<lookup> look_up(const std::string& host, uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  auto made = std::make_unique<lookup>();
  int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failure != 0) {
    made->trouble = "cannot look up " + host + ": " + gai_strerror(failure);
    return made;
  }
  for (addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    auto& address = made->addresses.emplace_back();
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
  }
  freeaddrinfo(list);
  return made;
}

}  // namespace

host_resolver::host_resolver(std::function<void()> wake) : state_(std::make_shared<shared_state>()) {
  state_->wake = std::move(wake);
}

host_resolver::~host_resolver() {
  std::lock_guard lock(state_->mutex);
  state_->wake = nullptr;
}

void host_resolver::start(const std::string& host, uint16_t port) {
  if (auto numeric = look_up(host, port, AI_NUMERICHOST); !numeric->addresses.empty()) {
    std::lock_guard lock(state_->mutex);
    state_->found = std::move(numeric);
    return;
  }
  auto work = [state = state_, host, port] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    auto found = look_up(host, port, 0);
    std::lock_guard lock(state->mutex);
    state->found = std::move(found);
    if (state->wake) state->wake();
  };
  try {
    std::thread(std::move(work)).detach();
  } catch (const std::system_error&) {
    std::lock_guard lock(state_->mutex);
    state_->found = std::make_unique<lookup>();
    state_->found->trouble = "cannot start a thread to look up " + host;
  }
}

std::unique_ptr<lookup> host_resolver::take() {
  std::lock_guard lock(state_->mutex);
  return std::move(state_->found);
}

}  // namespace pusher
