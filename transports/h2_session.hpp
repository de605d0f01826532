// The HTTP/2 side of one connection: requests in, frames out, frames in, finished exchanges out. No sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "transports/hpack_encoder.hpp"
#include "transports/http_session.hpp"

struct nghttp2_session;

namespace pusher::h2 {

/// One nghttp2 client session. It knows for every request whether the server can have processed it: GOAWAY,
/// REFUSED_STREAM and what of the output was handed to the socket decide.
class session final : public http_session {
 public:
  explicit session(exchange_listener& listener);
  ~session() override;

  void submit(exchange& request, steady_time now) override;
  /// Resets the streams that are late.
  size_t expire(steady_time limit) override;
  void abandon() override;

  bool receive(const uint8_t* bytes, size_t count) override;
  size_t produce(uint8_t* into, size_t room) override;
  /// Also by a fault of the peer's, once its GOAWAY was produced.
  bool over() const override;
  void ping() override;
  /// Sends GOAWAY.
  void say_goodbye() override;

  /// Once the peer's SETTINGS came.
  bool ready() const override { return settings_received_; }
  bool going_away() const override { return going_away_; }
  bool pong_pending() const override { return pings_sent_ != pongs_; }
  size_t max_streams() const override;
  bool exhausted() const override;

 private:
  struct callbacks;
  friend struct callbacks;

  void on_settings();
  bool next_frame();
  void put_own_head();

  hpack_encoder heads_;
  std::string head_frame_;
  std::shared_ptr<const request_head> last_head_;
  bool last_needs_path_ = false;
  nghttp2_session* session_ = nullptr;
  uint64_t produced_ = 0;
  uint64_t pings_sent_ = 0;
  uint64_t pongs_ = 0;
  bool settings_received_ = false;
  bool going_away_ = false;
  // A frame that nghttp2 made and that did not fit yet.
  const uint8_t* left_over_ = nullptr;
  size_t left_over_bytes_ = 0;
};

}  // namespace pusher::h2
