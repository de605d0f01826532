// What a connection asks of the protocol that runs on it: requests in, bytes out, bytes in, finished
// exchanges out. No sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "transports/h2_exchange.hpp"

namespace pusher::h2 {

/// One side of one connection. Not thread-safe. Keeps the exchanges under way, oldest first.
class http_session {
 public:
  explicit http_session(exchange_listener& listener) : listener_(listener) {}
  virtual ~http_session() = default;
  http_session(const http_session&) = delete;
  http_session& operator=(const http_session&) = delete;

  // -- requests --
  virtual void submit(exchange& request, steady_time now) = 0;
  /// Ends the requests that were started before `limit`: `unsent` or `unknown`. Returns how many there were.
  virtual size_t expire(steady_time limit) = 0;
  /// Finishes all requests without an answer, because the connection is lost.
  virtual void abandon() = 0;
  size_t in_flight() const { return in_flight_; }
  /// When the oldest request without an answer was started; only with in_flight() > 0.
  steady_time oldest_started() const { return oldest_->started; }
  uint64_t answers() const { return answers_; }
  /// Whether an answer came that does not refuse the sender as such (403).
  bool was_let_in() const { return let_in_; }

  // -- the wire --
  /// False when the peer broke the protocol so badly that nothing more can be said.
  virtual bool receive(const uint8_t* bytes, size_t count) = 0;
  /// Writes what waits into `into` and returns how many bytes; 0 = nothing waits. Never more than `room`,
  /// which must be max_frame_bytes at least; less than that may be left unused.
  virtual size_t produce(uint8_t* into, size_t room) = 0;
  /// Says that so many bytes of the output were handed to the socket, in total since the start.
  void handed_over(uint64_t total_bytes) { handed_over_ = total_bytes; }
  /// Whether all is said: the connection can be closed.
  virtual bool over() const = 0;
  virtual void ping() = 0;
  /// No more requests will follow.
  virtual void say_goodbye() = 0;

  static constexpr size_t max_frame_bytes = 16 * 1024 + 9;

  // -- what the peer said --
  /// Whether requests may be sent.
  virtual bool ready() const = 0;
  virtual bool going_away() const = 0;
  virtual bool pong_pending() const = 0;
  /// Requests that the peer allows at a time.
  virtual size_t max_streams() const = 0;
  /// Whether the session can carry no further request, e.g. as its stream ids are used up.
  virtual bool exhausted() const = 0;
  /// The fault by which the session ended, in words; empty when there was none.
  const std::string& trouble() const { return trouble_; }

 protected:
  /// Resets what is left of an earlier use and puts the request at the end of the list.
  void begin(exchange& request, steady_time now);
  void finish(exchange& request, ending how);
  /// What can be said of a request that gets no more answer.
  ending ending_by_now(const exchange& request) const;
  /// Keeps the parts of an answer's head that matter.
  static void take_header(exchange& request, std::string_view name, std::string_view value);
  /// False when the answer became larger than what is kept.
  static bool take_body(exchange& request, std::string_view bytes);

  exchange* oldest_ = nullptr;
  uint64_t handed_over_ = 0;
  std::string trouble_;

 private:
  exchange_listener& listener_;
  exchange* newest_ = nullptr;
  size_t in_flight_ = 0;
  uint64_t answers_ = 0;
  bool let_in_ = false;
};

}  // namespace pusher::h2
