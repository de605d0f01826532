#include "model/device.hpp"

#include <openssl/evp.h>

#include <memory>

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

std::string_view to_string(device_event_type value) {
  switch (value) {
    case device_event_type::registered:
      return "registered";
    case device_event_type::token_replaced:
      return "token_replaced";
    case device_event_type::token_moved_in:
      return "token_moved_in";
    case device_event_type::token_moved_out:
      return "token_moved_out";
    case device_event_type::disabled:
      return "disabled";
    case device_event_type::enabled:
      return "enabled";
    case device_event_type::received:
      return "received";
    case device_event_type::opened:
      return "opened";
  }
  return "unknown";
}

std::optional<device_event_type> parse_device_event_type(std::string_view name) {
  for (auto each : all_device_event_types)
    if (to_string(each) == name) return each;
  return std::nullopt;
}

sha256_digest sha256(std::string_view bytes) {
  // To fetch the algorithm and to make a context for each text costs more than the digest of a short one.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                                     EVP_MD_CTX_free);
  sha256_digest digest{};
  EVP_DigestInit_ex2(context.get(), algorithm, nullptr);
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return digest;
}

}  // namespace pusher
