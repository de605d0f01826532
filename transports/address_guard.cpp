#include "transports/address_guard.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace pusher {

namespace {

struct v4_block {
  uint32_t first;
  unsigned bits;
};

constexpr uint32_t v4(uint32_t a, uint32_t b = 0, uint32_t c = 0, uint32_t d = 0) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr v4_block closed_v4[] = {
    {v4(0), 8},
    {v4(10), 8},
    {v4(100, 64), 10},
    {v4(127), 8},
    {v4(169, 254), 16},
    {v4(172, 16), 12},
    {v4(192, 0, 0), 24},
    {v4(192, 0, 2), 24},
    {v4(192, 88, 99), 24},
    {v4(192, 168), 16},
    {v4(198, 18), 15},
    {v4(198, 51, 100), 24},
    {v4(203, 0, 113), 24},
    {v4(224), 4},
    {v4(240), 4},
};

bool is_public_v4(uint32_t address) {
  return std::none_of(std::begin(closed_v4), std::end(closed_v4),
                      [address](auto& block) { return (address ^ block.first) >> (32 - block.bits) == 0; });
}

struct v6_block {
  std::array<uint8_t, 8> first;
  unsigned bits;
};

/// Closed parts of 2000::/3, the only public block.
constexpr v6_block closed_v6[] = {
    {{0x20, 0x01, 0x00}, 23},        // IETF protocols, Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x3f, 0xff, 0x00}, 20},        // documentation
};

bool lies_in(const uint8_t* address, const v6_block& block) {
  for (unsigned bit = 0; bit < block.bits; ++bit) {
    auto mask = static_cast<uint8_t>(0x80U >> (bit % 8));
    if (((address[bit / 8] ^ block.first[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

uint32_t v4_at(const uint8_t* bytes) {
  return v4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

bool is_public_v6(const uint8_t* address) {
  constexpr v6_block nat64{{0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0}, 64};
  constexpr v6_block six_to_four{{0x20, 0x02}, 16};
  if (lies_in(address, nat64))
    return std::all_of(address + 8, address + 12, [](uint8_t byte) { return byte == 0; }) &&
           is_public_v4(v4_at(address + 12));
  if (lies_in(address, six_to_four)) return is_public_v4(v4_at(address + 2));
  if ((address[0] & 0xe0) != 0x20) return false;
  return std::none_of(std::begin(closed_v6), std::end(closed_v6),
                      [address](auto& block) { return lies_in(address, block); });
}

}  // namespace

bool is_public(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return is_public_v4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  if (address.ss_family == AF_INET6)
    return is_public_v6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr);
  return false;
}

}  // namespace pusher
