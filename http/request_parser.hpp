// A strict parser of HTTP/1.1 request heads: what is doubtful is refused, never guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/answer_framing.hpp"
#include "http/exchange.hpp"
#include "model/error.hpp"

namespace pusher::http {

/// Why a request cannot be taken. It is answered with this and the connection is closed, since nobody can
/// tell any more where the next request begins.
struct refusal {
  int status = 400;
  error why;
};

struct request_head {
  http::request request;   ///< without body, ids and remote_address
  answer_framing framing;  ///< filled in by whoever takes the head
  bool keep_alive = false;
  bool expects_continue = false;
  bool chunked = false;
  bool http_1_0 = false;
  bool gzip = false;            ///< the body is compressed
  bool head_only = false;       ///< the method was HEAD; it is served as GET without the body
  uint64_t content_length = 0;  ///< 0 also when the head states none

  bool has_body() const { return chunked || content_length > 0; }
};

/// Collects one head from pieces of any size. After `complete` or `refused` it must be reset.
class head_parser {
 public:
  enum class state { incomplete, complete, refused };

  /// Moves `input` past the bytes that belong to the head.
  state feed(std::string_view& input);

  bool begun() const { return !buffer_.empty(); }
  size_t buffered_bytes() const { return buffer_.size(); }
  request_head take_head();
  const refusal& why() const { return why_; }
  void reset();

  static constexpr size_t most_bytes = 32 * 1024;
  static constexpr size_t most_line_bytes = 16 * 1024;  ///< of the request line
  static constexpr size_t most_headers = 100;

 private:
  state take(char c);
  state refuse(int status, std::string detail);
  state refuse_long_line();
  bool parse_request_line(std::string_view line);
  bool parse_target(std::string_view target);
  bool parse_path(std::string_view path);
  bool parse_query(std::string_view query);
  state parse_headers();
  bool parse_header(std::string_view line);
  bool interpret();
  bool interpret_length();

  std::string buffer_;
  char last_ = 0;
  size_t leading_ = 0;  ///< bytes of empty lines before the head
  size_t headers_at_ = 0;
  request_head head_;
  refusal why_;
};

}  // namespace pusher::http
