// How values are written into bytes and read back: a mark and a version first, then numbers in seven-bit
// groups.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/device.hpp"

namespace pusher {

class byte_writer {
 public:
  byte_writer(char mark, char version, size_t size_hint) {
    bytes_.reserve(size_hint);
    bytes_ += mark;
    bytes_ += version;
  }
  void number(uint64_t value) {
    while (value >= 0x80) {
      bytes_ += static_cast<char>((value & 0x7f) | 0x80);
      value >>= 7;
    }
    bytes_ += static_cast<char>(value);
  }
  /// A number of either sign, short when it is near 0.
  void difference(int64_t value) {
    number((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void time(utc_ms value) { number(static_cast<uint64_t>(std::max<utc_ms>(value, 0))); }
  void byte(uint8_t value) { bytes_ += static_cast<char>(value); }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  void text(const std::optional<std::string>& value) {
    byte(value ? 1 : 0);
    if (value) text(std::string_view(*value));
  }
  void raw(const sha256_digest& digest) {
    for (auto each : digest)
      byte(each);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads as long as all is well; after the first fault every read gives a zero value and ok() is false.
class byte_reader {
 public:
  byte_reader(std::string_view bytes, char mark, char version) : rest_(bytes) {
    ok_ = rest_.size() >= 2 && rest_[0] == mark && rest_[1] == version;
    if (ok_) rest_.remove_prefix(2);
  }
  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto each = byte();
      if (!ok_) return 0;
      value |= static_cast<uint64_t>(each & 0x7f) << shift;
      if (!(each & 0x80)) return value;
    }
    ok_ = false;
    return 0;
  }
  /// A count of things that take at least `least` bytes each: bounded by what is left.
  size_t count(size_t least) {
    auto value = number();
    if (value > rest_.size() / least) ok_ = false;
    return ok_ ? static_cast<size_t>(value) : 0;
  }
  int64_t difference() {
    auto value = number();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  utc_ms time() { return static_cast<utc_ms>(number() & 0x7fff'ffff'ffff'ffffULL); }
  uint8_t byte() {
    if (rest_.empty()) ok_ = false;
    if (!ok_) return 0;
    auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string text() {
    auto length = number();
    if (length > rest_.size()) ok_ = false;
    if (!ok_) return {};
    std::string value(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return value;
  }
  std::optional<std::string> optional_text() {
    if (byte() == 0) return std::nullopt;
    return text();
  }
  sha256_digest raw() {
    sha256_digest digest{};
    for (auto& each : digest)
      each = byte();
    return digest;
  }
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace pusher
