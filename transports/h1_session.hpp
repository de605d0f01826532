// HTTP/1.1 (RFC 9112) on one connection, for servers that offer no better: one request at a time.
#pragma once

#include <string>

#include "transports/http_session.hpp"

namespace pusher::h2 {

class h1_session final : public http_session {
 public:
  using http_session::http_session;

  void submit(exchange& request, steady_time now) override;
  size_t expire(steady_time limit) override;
  void abandon() override;

  bool receive(const uint8_t* bytes, size_t count) override;
  size_t produce(uint8_t* into, size_t room) override;
  bool over() const override { return over_ && in_flight() == 0; }
  void ping() override {}
  void say_goodbye() override {}

  bool ready() const override { return true; }
  bool going_away() const override { return last_answer_; }
  bool pong_pending() const override { return false; }
  size_t max_streams() const override { return 1; }
  bool exhausted() const override { return over_; }

 private:
  enum class part : uint8_t { head, body, chunk_size, chunk, chunk_end, trailer, until_close };

  bool parse();
  bool parse_head();
  bool parse_line(std::string_view line);
  bool begin_body();
  bool parse_sized();
  bool parse_chunks();
  bool take_line(std::string& line);
  bool fail(const char* why);
  void end_answer();
  bool keep_body(std::string_view bytes);

  std::string output_;
  size_t written_ = 0;     ///< of output_
  uint64_t produced_ = 0;  ///< in total
  std::string input_;
  part at_ = part::head;
  uint64_t left_ = 0;  ///< bytes of the body or the chunk
  bool sized_ = false;
  bool chunked_ = false;
  bool last_answer_ = false;  ///< the peer closes after it
  bool over_ = false;
};

}  // namespace pusher::h2
