#include "model/device.hpp"

#include <openssl/evp.h>

namespace pusher {

std::string_view to_string(gateway value) {
  switch (value) {
    case gateway::fcm:
      return "fcm";
    case gateway::apns:
      return "apns";
    case gateway::webpush:
      return "webpush";
    case gateway::hms:
      return "hms";
  }
  return "unknown";
}

std::optional<gateway> parse_gateway(std::string_view name) {
  for (auto each : all_gateways)
    if (to_string(each) == name) return each;
  return std::nullopt;
}

std::string_view to_string(platform value) {
  switch (value) {
    case platform::android:
      return "android";
    case platform::ios:
      return "ios";
    case platform::web:
      return "web";
    case platform::other:
      return "other";
  }
  return "other";
}

std::optional<platform> parse_platform(std::string_view name) {
  for (auto each : all_platforms)
    if (to_string(each) == name) return each;
  return std::nullopt;
}

std::string_view to_string(environment value) {
  switch (value) {
    case environment::production:
      return "production";
    case environment::sandbox:
      return "sandbox";
  }
  return "production";
}

std::optional<environment> parse_environment(std::string_view name) {
  for (auto each : {environment::production, environment::sandbox})
    if (to_string(each) == name) return each;
  return std::nullopt;
}

std::string_view to_string(disabled_reason value) {
  switch (value) {
    case disabled_reason::none:
      return "none";
    case disabled_reason::unregistered:
      return "unregistered";
    case disabled_reason::token_moved:
      return "token_moved";
  }
  return "none";
}

sha256_digest sha256(std::string_view bytes) {
  sha256_digest digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return digest;
}

}  // namespace pusher
