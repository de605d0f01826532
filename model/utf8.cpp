#include "model/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace pusher::utf8 {

namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr uint32_t joiner = 0x200D;
constexpr size_t longest_cluster = 64;  // bytes; more is nobody's letter

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

uint32_t code_point_at(std::string_view text, size_t at) {
  auto first = static_cast<unsigned char>(text[at]);
  uint32_t code = first < 0x80 ? first : first < 0xE0 ? first & 0x1F : first < 0xF0 ? first & 0x0F : first & 7;
  for (size_t i = at + 1; i < text.size() && continues(text[i]); ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return code;
}

size_t code_point_before(std::string_view text, size_t at) {
  do
    --at;
  while (at > 0 && continues(text[at]));
  return at;
}

bool extends(uint32_t code) {
  auto within = [code](uint32_t from, uint32_t to) { return code >= from && code <= to; };
  return code == joiner || within(0x0300, 0x036F) || within(0x0483, 0x0489) || within(0x0591, 0x05BD) ||
         within(0x064B, 0x065F) || within(0x0900, 0x0903) || within(0x093A, 0x094F) ||
         within(0x0E31, 0x0E3A) || within(0x0E47, 0x0E4E) || within(0x1AB0, 0x1AFF) ||
         within(0x1DC0, 0x1DFF) || within(0x20D0, 0x20FF) || within(0x3099, 0x309A) ||
         within(0xFE00, 0xFE0F) || within(0xFE20, 0xFE2F) || within(0x1F3FB, 0x1F3FF) ||
         within(0xE0020, 0xE007F) || within(0xE0100, 0xE01EF);
}

bool is_half_flag(uint32_t code) {
  return code >= 0x1F1E6 && code <= 0x1F1FF;
}

/// Whether what stands around `at` is one character to a reader.
bool is_within_character(std::string_view text, size_t at) {
  auto next = code_point_at(text, at);
  if (extends(next)) return true;
  auto before = code_point_before(text, at);
  if (code_point_at(text, before) == joiner) return true;
  if (!is_half_flag(next)) return false;
  size_t halves = 0;
  for (auto i = at; i > 0 && halves < longest_cluster; ++halves) {
    i = code_point_before(text, i);
    if (!is_half_flag(code_point_at(text, i))) break;
  }
  return halves % 2 == 1;
}

}  // namespace

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string_view cut(std::string_view text, size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  while (most_bytes > 0 && continues(text[most_bytes]))
    --most_bytes;
  return text.substr(0, most_bytes);
}

std::string shortened(std::string_view text, size_t most_bytes) {
  if (text.size() <= most_bytes) return std::string(text);
  auto at = cut(text, most_bytes).size();
  auto furthest = at - std::min(at, longest_cluster);
  auto back = at;
  while (back > furthest && is_within_character(text, back))
    back = code_point_before(text, back);
  if (back > furthest || back == 0) at = back;
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n'))
    --at;
  return std::string(text.substr(0, at)).append(ellipsis);
}

}  // namespace pusher::utf8
