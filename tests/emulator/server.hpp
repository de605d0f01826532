// The listener and the one thread that serves all connections.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/emulator/connection.hpp"
#include "tests/emulator/openssl_handles.hpp"
#include "tests/emulator/session.hpp"

namespace pusher::emulator {

/// Opens a listening socket on an IPv4 address; -1 with errno on failure. `port` 0 becomes the port that was
/// found.
int open_listener(const std::string& host, uint16_t& port);

class server {
 public:
  /// Owns the listening sockets. `log` and `google` must outlive this. SIGTERM and SIGINT must be blocked
  /// already.
  server(const options& settings, int listener, int sandbox_listener, ssl_context_ptr context,
         gateway& google, request_log& log, statistics& stats);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Serves until SIGTERM or SIGINT. False when the system refuses what the server needs.
  bool run();

 private:
  void accept_all(bool sandbox);
  void advance(connection& client);
  void answer_what_is_due();
  void obey(const orders& given, uint64_t giver);
  void close_all_but(uint64_t number);
  void forget(uint64_t number);
  void watch(connection& client);
  int wait_ms() const;

  int listener_;
  int sandbox_listener_;
  int signals_ = -1;
  int epoll_ = -1;
  ssl_context_ptr context_;
  request_log& log_;
  gateway& google_;
  services shared_;
  std::unordered_map<uint64_t, std::unique_ptr<connection>> connections_;
  std::vector<uint64_t> touched_;  ///< connections with answers that just became due
  uint64_t next_number_ = 1;
};

}  // namespace pusher::emulator
