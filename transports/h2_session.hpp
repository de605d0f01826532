// The HTTP/2 side of one connection: requests in, frames out, frames in, finished exchanges out. No sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "transports/h2_exchange.hpp"
#include "transports/hpack_encoder.hpp"

struct nghttp2_session;

namespace pusher::h2 {

/// One nghttp2 client session. Not thread-safe. It knows for every request whether the server can have
/// processed it: GOAWAY, REFUSED_STREAM and what of the output was handed to the socket decide.
class session {
 public:
  explicit session(exchange_listener& listener);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  // -- requests --
  void submit(exchange& request, steady_time now);
  /// Resets the requests that were started before `limit` and finishes them: `unsent` or `unknown`. Returns
  /// how many there were.
  size_t expire(steady_time limit);
  /// Finishes all requests without an answer, because the connection is lost.
  void abandon();
  size_t in_flight() const { return in_flight_; }
  /// When the oldest request without an answer was started; only with in_flight() > 0.
  steady_time oldest_started() const { return oldest_->started; }
  uint64_t answers() const { return answers_; }
  /// Whether an answer came that does not refuse the sender as such (403).
  bool was_let_in() const { return let_in_; }

  // -- the wire --
  /// False when the peer broke the protocol so badly that not even a GOAWAY is due.
  bool receive(const uint8_t* bytes, size_t count);
  /// Writes frames that wait into `into` and returns how many bytes; 0 = nothing waits. Never more than
  /// `room`, which must be max_frame_bytes at least; less than that may be left unused.
  size_t produce(uint8_t* into, size_t room);
  /// Says that so many bytes of the output were handed to the socket, in total since the start.
  void handed_over(uint64_t total_bytes) { handed_over_ = total_bytes; }
  /// Whether all is said, by a fault of the peer's (its GOAWAY was produced) or by say_goodbye().
  bool over() const;
  void ping();
  /// Sends GOAWAY: no more requests will follow.
  void say_goodbye();

  static constexpr size_t max_frame_bytes = 16 * 1024 + 9;

  // -- what the peer said --
  bool settings_received() const { return settings_received_; }
  bool going_away() const { return going_away_; }
  bool pong_pending() const { return pings_sent_ != pongs_; }
  /// Streams that the peer allows at a time.
  size_t max_streams() const;
  /// Whether the session can carry no further request, e.g. as its stream ids are used up.
  bool exhausted() const;
  /// The fault by which the session ended, in words; empty when there was none.
  const std::string& trouble() const { return trouble_; }

 private:
  struct callbacks;
  friend struct callbacks;

  void on_settings();
  bool next_frame();
  void put_own_head();
  void link(exchange& request);
  void unlink(exchange& request);
  void finish(exchange& request, ending how);
  ending ending_by_now(const exchange& request) const;

  exchange_listener& listener_;
  hpack_encoder heads_;
  std::string head_frame_;
  std::shared_ptr<const request_head> last_head_;
  bool last_needs_path_ = false;
  nghttp2_session* session_ = nullptr;
  exchange* oldest_ = nullptr;
  exchange* newest_ = nullptr;
  size_t in_flight_ = 0;
  uint64_t answers_ = 0;
  bool let_in_ = false;
  uint64_t produced_ = 0;
  uint64_t handed_over_ = 0;
  uint64_t pings_sent_ = 0;
  uint64_t pongs_ = 0;
  bool settings_received_ = false;
  bool going_away_ = false;
  std::string trouble_;
  // A frame that nghttp2 made and that did not fit yet.
  const uint8_t* left_over_ = nullptr;
  size_t left_over_bytes_ = 0;
};

}  // namespace pusher::h2
