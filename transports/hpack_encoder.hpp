// Encodes request heads by HPACK (RFC 7541) so that what repeats costs a byte, the bearer token included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "transports/h2_exchange.hpp"

namespace pusher::h2 {

/// One direction of one connection: blocks must be sent in the order in which they were made. nghttp2's own
/// encoder never indexes `authorization`, so that each push would carry the whole token, about 1 KiB of
/// Google's; nobody else can put fields into our heads, so that indexing it reveals nothing.
class hpack_encoder {
 public:
  /// What the peer's SETTINGS_HEADER_TABLE_SIZE allows.
  void limit_table(size_t bytes);

  /// The block for a head. Stays valid until the next call.
  std::string_view encode(const std::shared_ptr<const request_head>& head);

 private:
  using field = request_head::value_type;

  bool put_field(const field& what);
  bool put_indexed(const field& what);
  void put_number(uint8_t pattern, unsigned prefix_bits, size_t value);
  void put_text(std::string_view text);
  void insert(const field& what);
  void evict(size_t down_to);

  static constexpr size_t default_table_bytes = 4096;

  std::deque<field> table_;  ///< newest first
  size_t table_bytes_ = 0;
  size_t table_limit_ = default_table_bytes;
  bool limit_changed_ = false;
  std::string block_;
  /// The head that block_ stands for, when nothing of it depends on what was sent before; else empty.
  std::shared_ptr<const request_head> repeatable_;
};

}  // namespace pusher::h2
