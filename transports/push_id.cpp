#include "transports/push_id.hpp"

#include "model/device.hpp"

namespace pusher {

std::string push_id(notification_key notification, device_key device) {
  auto hash = sha256("push " + std::to_string(notification.value) + " " + std::to_string(device.value));
  hash[6] = static_cast<uint8_t>((hash[6] & 0x0f) | 0x80);  // version 8: a form of our own (RFC 9562)
  hash[8] = static_cast<uint8_t>((hash[8] & 0x3f) | 0x80);
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[hash[i] >> 4];
    text += digits[hash[i] & 15];
  }
  return text;
}

}  // namespace pusher
