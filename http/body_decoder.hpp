// Takes a request's body off the wire, whether its length is stated or it comes in chunks, plain or gzipped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/gzip.hpp"
#include "http/request_parser.hpp"

namespace pusher::http {

class body_decoder {
 public:
  enum class state { incomplete, complete, refused };

  body_decoder() = default;
  explicit body_decoder(const request_head& head);

  /// Moves `input` past the bytes that belong to the body and appends what they mean to `body`. Never appends
  /// more than `input` holds, or gzip_decoder::most_bytes of a compressed body, so the caller can bound the
  /// body between two calls.
  state feed(std::string_view& input, std::string& body);
  /// Whether more of a compressed body may be had without more input.
  bool pending() const { return inflater_ && (!packed().empty() || inflater_->pending()); }

  const refusal& why() const { return why_; }

 private:
  enum class expecting { data, size, extension, size_end, chunk, chunk_cr, chunk_lf, trailer, nothing };

  state unframe(std::string_view& input, std::string& body);
  state inflate(std::string& body);
  std::string_view packed() const { return std::string_view(packed_).substr(unpacked_); }
  void copy(std::string_view& input, std::string& body);
  bool take(char c);
  bool take_size(char c);
  bool take_trailer(char c);
  bool refuse(std::string detail);

  expecting expecting_ = expecting::nothing;
  uint64_t left_ = 0;                       ///< bytes of the body or chunk still to come
  size_t digits_ = 0;                       ///< hex digits of the chunk's size read so far
  size_t framing_bytes_ = 0;                ///< of one chunk's extension, or of the trailers
  size_t line_bytes_ = 0;                   ///< of the trailer's current line
  std::unique_ptr<gzip_decoder> inflater_;  ///< of a compressed body
  std::string packed_;                      ///< compressed bytes, of which the first `unpacked_` are done
  size_t unpacked_ = 0;
  refusal why_;
};

}  // namespace pusher::http
