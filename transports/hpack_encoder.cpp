#include "transports/hpack_encoder.hpp"

#include <algorithm>
#include <array>

namespace pusher::h2 {

namespace {

constexpr size_t entry_overhead = 32;      // RFC 7541, section 4.1
constexpr size_t static_table_size = 61;   // appendix A
constexpr size_t path_index = 4;           // appendix A
constexpr uint8_t indexed = 0x80;          // section 6.1
constexpr uint8_t with_indexing = 0x40;    // section 6.2.1
constexpr uint8_t never_indexed = 0x10;    // section 6.2.3
constexpr uint8_t new_table_limit = 0x20;  // section 6.3

struct static_entry {
  uint8_t index;
  std::string_view name;
  std::string_view value;  ///< empty = only the name is of use
};

/// The part of appendix A that our heads use.
constexpr std::array<static_entry, 7> static_entries{{
    {1, ":authority", ""},
    {3, ":method", "POST"},
    {4, ":path", ""},
    {7, ":scheme", "https"},
    {23, "authorization", ""},
    {31, "content-type", ""},
    {58, "user-agent", ""},
}};

const static_entry* find_static(std::string_view name) {
  auto found = std::find_if(static_entries.begin(), static_entries.end(),
                            [name](auto& entry) { return entry.name == name; });
  return found == static_entries.end() ? nullptr : &*found;
}

size_t size_of(const header_field& field) {
  return field.name.size() + field.value.size() + entry_overhead;
}

}  // namespace

void hpack_encoder::limit_table(size_t bytes) {
  bytes = std::min(bytes, default_table_bytes);
  if (bytes == table_limit_) return;
  table_limit_ = bytes;
  limit_changed_ = true;
  ++changes_;
  evict(table_limit_);
}

std::string_view hpack_encoder::encode(const std::shared_ptr<const request_head>& head, std::string_view path,
                                       const request_head& own) {
  block_.clear();
  if (limit_changed_) put_number(new_table_limit, 5, table_limit_);
  limit_changed_ = false;
  if (!path.empty()) {
    put_number(never_indexed, 4, path_index);
    put_text(path);
  }
  if (head == known_head_ && changes_ == known_at_) {
    block_ += known_block_;
  } else {
    size_t begin = block_.size();
    auto before = changes_;
    for (auto& each : *head)
      put_field(each);
    known_head_ = changes_ == before ? head : nullptr;
    known_at_ = changes_;
    if (known_head_) known_block_.assign(block_, begin);
  }
  for (auto& each : own)
    put_field(each);
  return block_;
}

void hpack_encoder::put_field(const header_field& what) {
  if (put_indexed(what)) return;
  bool enters = size_of(what) <= table_limit_ && what.rule != indexing::never;
  if (what.rule == indexing::first_time && index_of_name(what.name) != 0) enters = false;
  if (!enters) return put_literal(never_indexed, 4, what);
  put_literal(with_indexing, 6, what);
  insert(what);
}

void hpack_encoder::put_literal(uint8_t pattern, unsigned prefix_bits, const header_field& what) {
  size_t name = index_of_name(what.name);
  put_number(pattern, prefix_bits, name);
  if (name == 0) put_text(what.name);
  put_text(what.value);
}

/// 0 = the name is in neither table.
size_t hpack_encoder::index_of_name(std::string_view name) const {
  if (auto* known = find_static(name)) return known->index;
  auto found = std::find_if(table_.begin(), table_.end(), [&](auto& entry) { return entry.name == name; });
  return found == table_.end() ? 0 : static_table_size + 1 + static_cast<size_t>(found - table_.begin());
}

bool hpack_encoder::put_indexed(const header_field& what) {
  auto* name = find_static(what.name);
  if (name != nullptr && !name->value.empty() && name->value == what.value) {
    put_number(indexed, 7, name->index);
    return true;
  }
  if (what.rule != indexing::always) return false;
  auto found = std::find(table_.begin(), table_.end(), what);
  if (found == table_.end()) return false;
  put_number(indexed, 7, static_table_size + 1 + static_cast<size_t>(found - table_.begin()));
  return true;
}

void hpack_encoder::put_number(uint8_t pattern, unsigned prefix_bits, size_t value) {
  size_t most = (size_t{1} << prefix_bits) - 1;
  if (value < most) {
    block_.push_back(static_cast<char>(pattern | value));
    return;
  }
  block_.push_back(static_cast<char>(pattern | most));
  for (value -= most; value >= 128; value /= 128)
    block_.push_back(static_cast<char>(value % 128 | 128));
  block_.push_back(static_cast<char>(value));
}

void hpack_encoder::put_text(std::string_view text) {
  // Not Huffman-coded: it is sent once per connection.
  put_number(0, 7, text.size());
  block_.append(text);
}

void hpack_encoder::insert(const header_field& what) {
  ++changes_;
  evict(table_limit_ - size_of(what));
  table_.push_front(what);
  table_bytes_ += size_of(what);
}

void hpack_encoder::evict(size_t down_to) {
  while (table_bytes_ > down_to) {
    table_bytes_ -= size_of(table_.back());
    table_.pop_back();
  }
}

}  // namespace pusher::h2
