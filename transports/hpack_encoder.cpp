#include "transports/hpack_encoder.hpp"

#include <algorithm>
#include <array>

namespace pusher::h2 {

namespace {

constexpr size_t entry_overhead = 32;      // RFC 7541, section 4.1
constexpr size_t static_table_size = 61;   // appendix A
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

size_t size_of(const request_head::value_type& field) {
  return field.first.size() + field.second.size() + entry_overhead;
}

}  // namespace

void hpack_encoder::limit_table(size_t bytes) {
  bytes = std::min(bytes, default_table_bytes);
  if (bytes == table_limit_) return;
  table_limit_ = bytes;
  limit_changed_ = true;
  repeatable_ = nullptr;
  evict(table_limit_);
}

std::string_view hpack_encoder::encode(const std::shared_ptr<const request_head>& head) {
  if (head == repeatable_) return block_;
  block_.clear();
  if (limit_changed_) put_number(new_table_limit, 5, table_limit_);
  bool repeatable = !limit_changed_;
  limit_changed_ = false;
  for (auto& each : *head)
    repeatable = put_field(each) && repeatable;
  repeatable_ = repeatable ? head : nullptr;
  return block_;
}

/// Returns whether the same bytes would say the same again.
bool hpack_encoder::put_field(const field& what) {
  if (put_indexed(what)) return true;
  auto* name = find_static(what.first);
  bool fits = size_of(what) <= table_limit_;
  if (fits) {
    put_number(with_indexing, 6, name != nullptr ? name->index : 0);
  } else {
    put_number(never_indexed, 4, name != nullptr ? name->index : 0);
  }
  if (name == nullptr) put_text(what.first);
  put_text(what.second);
  if (fits) insert(what);
  return !fits;
}

bool hpack_encoder::put_indexed(const field& what) {
  auto* name = find_static(what.first);
  if (name != nullptr && !name->value.empty() && name->value == what.second) {
    put_number(indexed, 7, name->index);
    return true;
  }
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

void hpack_encoder::insert(const field& what) {
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
