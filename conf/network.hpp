// Networks of callers, as an allow-list names them: 10.0.0.0/8, ::1, 192.168.1.7.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"

namespace pusher {

/// IPv4 networks lie within ::ffff:0:0/96, so that a caller is recognised however its address is written.
struct network {
  std::string text;  ///< as it was given
  std::array<uint8_t, 16> address{};
  unsigned prefix_bits = 128;
};

/// An address with or without a prefix length. Errors: invalid_configuration; the detail does not name the
/// option.
result<network> parse_network(const std::string& text);

/// This machine itself.
std::vector<network> loopback_networks();

/// False as well for what is no address.
bool contains(const network& in, std::string_view address);
bool contains(const std::vector<network>& any, std::string_view address);

}  // namespace pusher
