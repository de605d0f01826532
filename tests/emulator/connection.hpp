// One client's socket under TLS; ALPN decides which session speaks on it.
#pragma once

#include <memory>
#include <string>

#include "tests/emulator/openssl_handles.hpp"
#include "tests/emulator/session.hpp"

namespace pusher::emulator {

class connection {
 public:
  /// Owns `socket`, which must not block. `sandbox`: it came to the sandbox's port.
  connection(SSL_CTX* context, int socket, services& shared, uint64_t number, bool sandbox);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  int socket() const { return socket_; }
  uint64_t number() const { return number_; }

  /// Reads what there is and writes what can be written. False: close it.
  bool advance();

  /// Submits a delayed answer; `advance` writes it.
  void answer_now(int32_t stream);

  /// Does what was ordered for all connections; `advance` writes what follows from it.
  void obey(const orders& given);

  /// Whether output waits for the socket.
  bool wants_to_write() const { return wants_to_write_; }
  /// What epoll was told last.
  bool watched_for_write = false;

 private:
  enum class outcome { done, again, broken };
  outcome shake_hands();
  outcome read_all();
  outcome write_all();
  outcome outcome_of(int result);

  int socket_;
  uint64_t number_;
  bool sandbox_;
  services& shared_;
  ssl_ptr ssl_;
  std::unique_ptr<session> session_;  ///< after the handshake
  std::string output_;
  size_t output_written_ = 0;
  bool wants_to_write_ = false;
};

}  // namespace pusher::emulator
