#include "model/token_device.hpp"

namespace pusher {

namespace {

constexpr size_t hash_bytes = 16;  // 128 bits: two tokens never share a device

platform likely_platform(gateway of) {
  switch (of) {
    case gateway::fcm:
    case gateway::hms:
      return platform::android;
    case gateway::apns:
      return platform::ios;
    case gateway::webpush:
      return platform::web;
  }
  return platform::other;
}

}  // namespace

std::string token_device_id(gateway gateway, environment environment, std::string_view push_token) {
  static constexpr char digits[] = "0123456789abcdef";
  auto hash = sha256(push_token);
  std::string id = "token-" + std::string(to_string(gateway));
  if (environment == environment::sandbox) id += "-sandbox";
  id += '-';
  for (size_t i = 0; i < hash_bytes; ++i) {
    id += digits[hash[i] >> 4];
    id += digits[hash[i] & 15];
  }
  return id;
}

device token_device(gateway gateway, environment environment, std::string push_token, std::string_view by) {
  device made;
  made.device_id = token_device_id(gateway, environment, push_token);
  made.gateway = gateway;
  made.environment = environment;
  made.platform = likely_platform(gateway);
  made.push_token = std::move(push_token);
  made.properties = R"({")" + std::string(registered_by) + R"(":")" + std::string(by) + R"("})";
  return made;
}

}  // namespace pusher
