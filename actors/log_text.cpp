#include "actors/log_text.hpp"

#include <array>
#include <cstdint>

namespace pusher::log {

namespace {

struct character {
  uint32_t code = 0;
  size_t bytes = 0;  ///< 0 = what begins there is no character
};

/// The character at the front of the text, which is not empty.
character first_of(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  uint32_t code = lead & (0xffU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    code = code << 6 | (next & 0x3f);
  }
  constexpr std::array<uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[bytes] || code > 0x10ffff || surrogate) return {};
  return {code, bytes};
}

bool is_harmful(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void append_code(std::string& to, uint32_t code) {
  constexpr char hex[] = "0123456789abcdef";
  to += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    to += hex[code >> shift & 15];
}

}  // namespace

void append_escaped(std::string& to, std::string_view text) {
  while (!text.empty()) {
    auto next = first_of(text);
    if (next.bytes == 0) {
      to += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    if (next.code == '"' || next.code == '\\')
      (to += '\\') += static_cast<char>(next.code);
    else if (is_harmful(next.code))
      append_code(to, next.code);
    else
      to.append(text.substr(0, next.bytes));
    text.remove_prefix(next.bytes);
  }
}

}  // namespace pusher::log
