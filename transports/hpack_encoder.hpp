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

/// One direction of one connection: blocks must be sent in the order in which they were made. Each field says
/// by its rule what the peer may remember. nghttp2's own encoder never indexes `authorization`, so that each
/// push would carry the whole token, about 1 KiB of Google's; nobody else can put fields into our heads, so
/// that indexing it reveals nothing. APNs wants its fields treated in a way of its own, which the rules say.
class hpack_encoder {
 public:
  /// What the peer's SETTINGS_HEADER_TABLE_SIZE allows.
  void limit_table(size_t bytes);

  /// The block for a path of the request's own (empty = none), a shared head, and fields of the request's
  /// own. Stays valid until the next call.
  std::string_view encode(const std::shared_ptr<const request_head>& head, std::string_view path = {},
                          const request_head& own = {});

 private:
  void put_field(const header_field& what);
  bool put_indexed(const header_field& what);
  void put_literal(uint8_t pattern, unsigned prefix_bits, const header_field& what);
  size_t index_of_name(std::string_view name) const;
  void put_number(uint8_t pattern, unsigned prefix_bits, size_t value);
  void put_text(std::string_view text);
  void insert(const header_field& what);
  void evict(size_t down_to);

  static constexpr size_t default_table_bytes = 4096;

  std::deque<header_field> table_;  ///< newest first
  size_t table_bytes_ = 0;
  size_t table_limit_ = default_table_bytes;
  uint64_t changes_ = 0;  ///< of the table
  bool limit_changed_ = false;
  std::string block_;
  // The bytes of the last head, good while head and table stay as they are.
  std::shared_ptr<const request_head> known_head_;
  uint64_t known_at_ = 0;
  std::string known_block_;
};

}  // namespace pusher::h2
