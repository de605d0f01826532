#include "tests/emulator/hpack_watch.hpp"

#include <algorithm>

namespace pusher::emulator {

namespace {

constexpr uint8_t headers_frame = 1, continuation_frame = 9;
constexpr uint8_t end_headers = 0x4, padded = 0x8, priority = 0x20;
constexpr size_t priority_bytes = 5;
constexpr size_t static_table_size = 61;
constexpr size_t block_limit_bytes = 256 * 1024;

/// Walks over the representations of RFC 7541, section 6. Stops at what is malformed: nghttp2 will say so.
class block_reader {
 public:
  explicit block_reader(const std::string& block)
      : at_(reinterpret_cast<const uint8_t*>(block.data())), end_(at_ + block.size()) {}

  uint64_t dynamic_fields() {
    uint64_t found = 0;
    size_t number = 0;
    while (at_ < end_ && good_) {
      uint8_t first = *at_;
      if ((first & 0xe0) == 0x20) {  // a new size of the table: no field
        integer(5);
        continue;
      }
      if (field_is_dynamic(first) && number < 64) found |= uint64_t{1} << number;
      ++number;
    }
    return found;
  }

 private:
  bool field_is_dynamic(uint8_t first) {
    if (first & 0x80) return integer(7) > static_table_size;
    bool inserted = (first & 0xc0) == 0x40;
    if (integer(inserted ? 6 : 4) == 0) text();
    text();
    return inserted;
  }

  void text() {
    size_t size = integer(7);
    if (size > static_cast<size_t>(end_ - at_)) good_ = false;
    at_ += good_ ? size : 0;
  }

  size_t integer(int prefix_bits) {
    if (at_ == end_) return good_ = false, 0;
    size_t most = (size_t{1} << prefix_bits) - 1;
    size_t value = *at_++ & most;
    if (value < most) return value;
    for (int shift = 0; shift < 28; shift += 7) {
      if (at_ == end_) break;
      uint8_t byte = *at_++;
      value += size_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return good_ = false, 0;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  bool good_ = true;
};

}  // namespace

void hpack_watch::see(const uint8_t* data, size_t size) {
  auto skip = [&](size_t count) {
    data += count;
    size -= count;
    return count;
  };
  preface_left_ -= skip(std::min(preface_left_, size));
  while (size > 0) {
    if (head_bytes_ < sizeof head_) {
      size_t part = std::min(sizeof head_ - head_bytes_, size);
      std::copy(data, data + part, head_ + head_bytes_);
      head_bytes_ += skip(part);
      if (head_bytes_ < sizeof head_) return;
      frame_begins();
    }
    size_t part = std::min(payload_left_, size);
    if (kept_) payload_.append(reinterpret_cast<const char*>(data), part);
    payload_left_ -= skip(part);
    if (payload_left_ == 0) frame_ends();
  }
}

void hpack_watch::frame_begins() {
  payload_left_ = size_t{head_[0]} << 16 | size_t{head_[1]} << 8 | head_[2];
  kept_ = (head_[3] == headers_frame || head_[3] == continuation_frame) &&
          fragment_.size() + payload_left_ < block_limit_bytes;
  payload_.clear();
}

void hpack_watch::frame_ends() {
  head_bytes_ = 0;
  if (!kept_) return;
  uint8_t flags = head_[4];
  size_t skipped = 0, padding = 0;
  if (head_[3] == headers_frame) {
    if (flags & padded && !payload_.empty()) {
      padding = static_cast<uint8_t>(payload_[0]);
      skipped = 1;
    }
    if (flags & priority) skipped += priority_bytes;
    fragment_.clear();
  }
  if (skipped + padding <= payload_.size())
    fragment_.append(payload_, skipped, payload_.size() - skipped - padding);
  if ((flags & end_headers) == 0) return;
  auto stream = static_cast<int32_t>((head_[5] & 0x7fU) << 24 | uint32_t{head_[6]} << 16 |
                                     uint32_t{head_[7]} << 8 | head_[8]);
  blocks_.push_back({stream, block_reader(fragment_).dynamic_fields()});
  fragment_.clear();
}

uint64_t hpack_watch::take_block(int32_t stream) {
  auto found =
      std::find_if(blocks_.begin(), blocks_.end(), [&](const block& b) { return b.stream == stream; });
  if (found == blocks_.end()) return 0;
  uint64_t fields = found->dynamic_fields;
  blocks_.erase(blocks_.begin(), std::next(found));
  return fields;
}

}  // namespace pusher::emulator
