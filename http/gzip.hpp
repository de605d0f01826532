// Gzip piece by piece: what clients send is inflated, what they are sent is deflated, with flat memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace pusher::http {

/// Inflates one gzip stream, whose members may follow one another (RFC 1952 section 2.2). Not thread-safe.
class gzip_decoder {
 public:
  gzip_decoder();
  ~gzip_decoder();
  gzip_decoder(const gzip_decoder&) = delete;
  gzip_decoder& operator=(const gzip_decoder&) = delete;

  /// Moves `input` past what was used and appends at most `most_bytes` to `output`, however much the input
  /// may inflate to. False when the stream is corrupt; what came before the fault was appended.
  bool feed(std::string_view& input, std::string& output);
  /// Whether more output may be had without more input.
  bool pending() const { return pending_; }
  /// Whether the stream may end here: behind a whole member, or before the first byte.
  bool at_end() const { return between_members_; }
  /// Compressed bytes that were used so far.
  uint64_t used_bytes() const { return used_; }

  static constexpr size_t most_bytes = 64 * 1024;

 private:
  bool inflate_some(std::string_view& input);

  const std::unique_ptr<z_stream_s> stream_;
  bool between_members_ = true;
  bool pending_ = false;
  uint64_t used_ = 0;
};

/// Deflates into one gzip stream. Not thread-safe.
class gzip_encoder {
 public:
  gzip_encoder();
  ~gzip_encoder();
  gzip_encoder(const gzip_encoder&) = delete;
  gzip_encoder& operator=(const gzip_encoder&) = delete;

  /// The piece compressed; whoever has it can read all pieces so far.
  std::string add(std::string_view piece) { return deflate_all(piece, false); }
  /// The end of the stream, with its checksum.
  std::string finish() { return deflate_all({}, true); }

 private:
  std::string deflate_all(std::string_view piece, bool last);

  const std::unique_ptr<z_stream_s> stream_;
};

/// Whether the header Accept-Encoding (empty = absent) allows gzip and does not prefer the plain text.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace pusher::http
