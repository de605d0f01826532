#include "http/wrong_keys.hpp"

#include <arpa/inet.h>

#include <functional>
#include <random>

namespace pusher::http {

namespace {

constexpr size_t places = 4096;

}  // namespace

wrong_keys::wrong_keys(uint32_t per_second)
    : per_second_(per_second),
      seed_(std::to_string(std::random_device{}())),
      counts_(per_second == 0 ? 0 : places) {}

uint32_t wrong_keys::take(std::string_view address, clock::time_point now) {
  if (per_second_ == 0) return 0;
  auto& count = counts_[std::hash<std::string>{}(seed_ + network_of(address)) % places];
  return count.take(per_second_, now) ? 0 : count.retry_after_seconds(per_second_);
}

std::string network_of(std::string_view address) {
  std::string text(address);
  in6_addr parsed{};
  if (inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return text;
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) return text;
  constexpr size_t network_bytes = 8;
  return {reinterpret_cast<const char*>(parsed.s6_addr), network_bytes};
}

}  // namespace pusher::http
