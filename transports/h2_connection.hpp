// One TLS connection that speaks HTTP/2, or HTTP/1.1 where that will do: connecting, reading, writing,
// watching that the peer is alive.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transports/event_loop.hpp"
#include "transports/h1_session.hpp"
#include "transports/h2_exchange.hpp"
#include "transports/h2_session.hpp"
#include "transports/host_resolver.hpp"
#include "transports/tls_context.hpp"

namespace pusher::h2 {

struct connection_bounds {
  std::chrono::milliseconds connect_timeout{10'000};  ///< for TCP, TLS and the peer's SETTINGS together
  std::chrono::milliseconds request_timeout{15'000};
  std::chrono::milliseconds silence{3'000};  ///< requests unanswered for so long: ask by PING
  std::chrono::milliseconds ping_timeout{
      5'000};                                   ///< nothing at all came after a PING: the connection is dead
  std::chrono::milliseconds idle_ping{30'000};  ///< without requests, a PING this often
  /// Until the peer has accepted who we are by an answer, one request at a time: APNs demands it.
  bool one_stream_first = false;
  bool or_http1 = false;  ///< HTTP/1.1 will do where the peer offers no HTTP/2
  /// Looked at right before connecting, so that no answer of a name server can lead elsewhere. Null = any.
  bool (*may_connect)(const sockaddr_storage&) = nullptr;
  unsigned deadlines_in_a_row = 5;  ///< requests that timed out without any answer between: use another one
};

/// Lives on the loop's thread. Everything that it was given to send ends in the listener, at the latest when
/// it is closed; destroy it only between rounds.
class connection final : public event_loop::watcher {
 public:
  enum class phase : uint8_t {
    connecting,
    open,      ///< takes requests
    draining,  ///< takes no more, those in flight are still answered
    closed
  };

  connection(event_loop& loop, const tls_context& tls, std::string host, connection_bounds bounds,
             exchange_listener& listener);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Tries the addresses in turn.
  void open(std::vector<socket_address> addresses);
  void send(exchange& request) { session_->submit(request, loop_.now()); }
  /// Writes what waits. To be called once per round, after all send().
  void flush();
  /// Deadlines and PINGs; returns when it is due again.
  steady_time on_time(steady_time now);
  /// Takes no more requests and closes when the last one in flight is answered.
  void drain();
  void close(const std::string& why);

  phase state() const { return phase_; }
  size_t in_flight() const { return session_->in_flight(); }
  size_t capacity() const;
  size_t free_streams() const;
  steady_time idle_since() const { return idle_since_; }
  /// Whether it ever became open.
  bool was_open() const { return was_open_; }
  /// Whether it ever brought an answer, or was closed by us because it was not needed.
  bool was_useful() const { return session_->answers() > 0 || drained_; }
  /// Whether nothing was tried because may_connect() forbade every address.
  bool was_forbidden() const { return forbidden_ > 0 && forbidden_ == addresses_.size(); }
  /// Why it was closed, in a sentence part.
  const std::string& trouble() const { return trouble_; }

 private:
  void on_ready(uint32_t events) override;
  void try_next_address();
  bool begin_connect(const socket_address& address);
  void on_connected();
  void shake_hands();
  void read_all();
  void after_reading();
  bool write_some();
  void want(uint32_t events);
  void attempt_failed(const std::string& why);
  void drop_socket();
  void check_deadlines(steady_time now);
  void check_alive(steady_time now);

  event_loop& loop_;
  const tls_context& tls_;
  std::string host_;
  connection_bounds bounds_;
  exchange_listener& listener_;
  std::unique_ptr<http_session> session_;
  std::vector<socket_address> addresses_;
  size_t next_address_ = 0;
  size_t forbidden_ = 0;
  phase phase_ = phase::connecting;
  bool was_open_ = false;
  bool drained_ = false;
  bool tcp_up_ = false;
  bool tls_up_ = false;
  int socket_ = -1;
  tls_context::session stream_;
  uint32_t wanted_ = 0;
  std::string trouble_;
  steady_time opened_;
  steady_time idle_since_;
  steady_time heard_;  ///< when bytes last came
  steady_time pinged_;
  uint64_t answers_seen_ = 0;
  unsigned deadlines_passed_ = 0;
  std::array<uint8_t, 32 * 1024> out_;
  size_t out_size_ = 0;
  uint64_t written_ = 0;
};

}  // namespace pusher::h2
