// The connections of one transport to one origin: opened when needed, replaced when lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transports/back_off.hpp"
#include "transports/event_loop.hpp"
#include "transports/h2_connection.hpp"
#include "transports/host_resolver.hpp"
#include "transports/origin.hpp"
#include "transports/tls_context.hpp"

namespace pusher::h2 {

struct pool_bounds {
  unsigned max_connections = 16;
  connection_bounds connection;
  std::chrono::milliseconds shortest_wait{100};  ///< between attempts to connect, growing
  std::chrono::milliseconds longest_wait{10'000};
  std::chrono::milliseconds growth_interval{50};   ///< one more connection at most this often
  std::chrono::milliseconds surplus_idle{60'000};  ///< a connection beyond the first may be idle so long
};

/// Lives on the loop's thread. Always keeps one connection open, so that the first push does not wait for a
/// handshake; opens more when all streams are taken and this thread has time to spare.
class pool {
 public:
  pool(event_loop& loop, const tls_context& tls, pusher::origin where, pool_bounds bounds,
       exchange_listener& listener);
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// Starts the exchange. False when no stream is free.
  bool send(exchange& request);
  /// Takes no more requests on the connections of now; others are opened.
  void replace_connections();
  /// Says that work waits only because no stream is free.
  void want_more() { more_wanted_ = true; }

  /// First step of a round: closes, replaces and watches connections.
  void begin_round(steady_time now);
  /// Last step of a round: writes everything; returns when the pool is due again.
  steady_time end_round(steady_time now);

  size_t free_streams() const;
  size_t capacity() const;  ///< streams of the usable connections together
  size_t in_flight() const;
  size_t usable() const;  ///< connections that take requests
  /// Attempts to connect that failed since the last connection opened.
  unsigned failures_in_a_row() const { return failures_; }
  /// Whether the last attempt ended because no address may be connected to.
  bool forbidden() const { return forbidden_; }
  /// Why the last attempt to connect failed; empty when it did not.
  const std::string& trouble() const { return trouble_; }

 private:
  void reap(steady_time now);
  void note_end(const connection& ended, steady_time now);
  void open_more(steady_time now);
  void start_lookup(steady_time now);
  void finish_lookup(steady_time now);
  void attempt_failed(const std::string& why, steady_time now);
  void close_surplus(steady_time now);
  bool growth_pays(steady_time now);

  event_loop& loop_;
  const tls_context& tls_;
  pusher::origin origin_;
  pool_bounds bounds_;
  exchange_listener& listener_;
  host_resolver resolver_;
  std::vector<std::unique_ptr<connection>> connections_;
  connection* opening_ = nullptr;  ///< at most one at a time
  bool looking_up_ = false;
  back_off waits_;
  steady_time next_attempt_;
  unsigned failures_ = 0;
  bool forbidden_ = false;
  std::string trouble_;
  bool more_wanted_ = false;
  steady_time growth_measured_;
  std::chrono::nanoseconds waited_before_{0};
};

}  // namespace pusher::h2
