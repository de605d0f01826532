#include "model/ids.hpp"

#include <unistd.h>
#include <uuid/uuid.h>

#include "model/clock.hpp"

namespace pusher {

std::string make_uuid_v7() {
  uuid_t bytes;
  // The library's own way to random bytes opens a device and seeds a generator each time.
  if (getentropy(bytes, sizeof bytes) != 0) uuid_generate_random(bytes);
  auto time = static_cast<uint64_t>(now_ms());
  for (int i = 0; i < 6; ++i)
    bytes[i] = static_cast<unsigned char>(time >> (8 * (5 - i)));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  char text[UUID_STR_LEN];
  uuid_unparse_lower(bytes, text);
  return text;
}

bool is_uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return true;
}

}  // namespace pusher
