// Sees which header fields a client put into HPACK's dynamic table or took from it: nghttp2 does not say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace pusher::emulator {

/// Reads the bytes of one connection's client a second time, and of them only the frames' heads and how the
/// fields of header blocks are represented: no Huffman code, no table. To be fed before nghttp2 is, so that
/// it knows of a block when nghttp2 reports it.
class hpack_watch {
 public:
  void see(const uint8_t* data, size_t size);

  /// The block that nghttp2 just reported for that stream: bit n is set when its field number n was or came
  /// to be in the dynamic table. Blocks before it are forgotten: nghttp2 refused them.
  uint64_t take_block(int32_t stream);

 private:
  struct block {
    int32_t stream;
    uint64_t dynamic_fields;
  };
  void frame_begins();
  void frame_ends();

  size_t preface_left_ = 24;
  uint8_t head_[9] = {};
  size_t head_bytes_ = 0;
  size_t payload_left_ = 0;
  bool kept_ = false;     ///< the frame's payload belongs to a header block
  std::string payload_;   ///< of a HEADERS or CONTINUATION frame
  std::string fragment_;  ///< the block so far
  std::deque<block> blocks_;
};

}  // namespace pusher::emulator
