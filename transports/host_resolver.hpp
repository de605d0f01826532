// Looks host names up on a thread of its own, because getaddrinfo blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace pusher {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

/// What a lookup found; `addresses` is empty when it failed, and `trouble` says why.
struct lookup {
  std::vector<socket_address> addresses;
  std::string trouble;
};

/// One lookup at a time. Used by one thread; the lookup itself runs on another one, which is left alone when
/// the resolver goes first, so that a dead name server delays nobody's shutdown.
class host_resolver {
 public:
  /// `wake` is called from the other thread when a result can be taken.
  explicit host_resolver(std::function<void()> wake);
  ~host_resolver();
  host_resolver(const host_resolver&) = delete;
  host_resolver& operator=(const host_resolver&) = delete;

  /// Starts a lookup; an address is answered without a thread.
  void start(const std::string& host, uint16_t port);
  /// The result of the lookup that was started, once.
  std::unique_ptr<lookup> take();

 private:
  struct shared_state;
  std::shared_ptr<shared_state> state_;
};

}  // namespace pusher
