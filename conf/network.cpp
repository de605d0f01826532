#include "conf/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace pusher {

namespace {

constexpr unsigned v4_offset_bits = 96;

struct parsed_address {
  std::array<uint8_t, 16> bytes{};
  bool v4 = false;
};

std::optional<parsed_address> parse_address(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  parsed_address made;
  std::string plain(text);
  in_addr v4{};
  if (inet_pton(AF_INET, plain.c_str(), &v4) == 1) {
    made.v4 = true;
    made.bytes[10] = made.bytes[11] = 0xff;
    std::memcpy(made.bytes.data() + 12, &v4, sizeof v4);
    return made;
  }
  if (inet_pton(AF_INET6, plain.c_str(), made.bytes.data()) != 1) return std::nullopt;
  return made;
}

std::optional<unsigned> parse_bits(std::string_view text, unsigned most) {
  unsigned bits = 0;
  auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (text.empty() || wrong != std::errc() || stop != text.data() + text.size() || bits > most)
    return std::nullopt;
  return bits;
}

}  // namespace

result<network> parse_network(const std::string& text) {
  auto slash = text.find('/');
  auto address = parse_address(std::string_view(text).substr(0, slash));
  auto most = address && address->v4 ? 32U : 128U;
  auto bits = slash == std::string::npos ? std::optional(most)
                                         : parse_bits(std::string_view(text).substr(slash + 1), most);
  if (!address || !bits)
    return error{errc::invalid_configuration,
                 "names networks such as 127.0.0.1, 10.0.0.0/8 or fd00::/8, and not \"" + text + "\"", "", 0};
  return network{text, address->bytes, *bits + (address->v4 ? v4_offset_bits : 0)};
}

std::vector<network> loopback_networks() {
  return {*parse_network("127.0.0.1"), *parse_network("::1")};
}

bool contains(const network& in, std::string_view address) {
  auto asked = parse_address(address);
  if (!asked) return false;
  auto whole = in.prefix_bits / 8;
  if (!std::equal(in.address.begin(), in.address.begin() + whole, asked->bytes.begin())) return false;
  auto rest = in.prefix_bits % 8;
  if (rest == 0) return true;
  auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return (in.address[whole] & mask) == (asked->bytes[whole] & mask);
}

bool contains(const std::vector<network>& any, std::string_view address) {
  return std::any_of(any.begin(), any.end(), [&](const network& each) { return contains(each, address); });
}

}  // namespace pusher
