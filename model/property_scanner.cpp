#include "model/property_scanner.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>

namespace pusher {

namespace {

using scanning::take_string;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void skip_blanks(const char*& at, const char* end) {
  while (at != end && is_blank(*at))
    ++at;
}

/// Moves behind the list or object that `at` stands on; whether it ends.
bool skip_nested(const char*& at, const char* end) {
  for (size_t depth = 0; at != end;) {
    char c = *at;
    if (c == '"') {
      std::string_view raw;
      bool escaped = false;
      if (!take_string(at, end, raw, escaped)) return false;
      continue;
    }
    ++at;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && --depth == 0) return true;
  }
  return false;
}

/// {"time": "..."} is the one object that a property may be.
property_value as_time(std::string_view object) {
  const char *at = object.data() + 1, *end = object.data() + object.size() - 1;
  std::string_view name;
  property_value value;
  bool escaped = false;
  skip_blanks(at, end);
  if (at == end || *at != '"' || !take_string(at, end, name, escaped) || name != "time") return {};
  skip_blanks(at, end);
  if (at == end || *at++ != ':') return {};
  skip_blanks(at, end);
  if (at == end || *at != '"' || !take_string(at, end, value.raw, value.escaped)) return {};
  value.type = property_value::kind::time;
  return value;
}

/// Moves behind the value that `at` stands on; whether it ends.
bool take_value(const char*& at, const char* end, property_value& value) {
  using kind = property_value::kind;
  const char* begin = at;
  switch (*at) {
    case '"':
      value.type = kind::text;
      return take_string(at, end, value.raw, value.escaped);
    case '[':
    case '{':
      if (!skip_nested(at, end)) return false;
      value.raw = {begin, static_cast<size_t>(at - begin)};
      if (*begin == '{') {
        value = as_time(value.raw);
      } else {
        value.type = kind::list;
        value.raw = value.raw.substr(1, value.raw.size() - 2);
      }
      return true;
    default:
      while (at != end && *at != ',' && *at != '}' && !is_blank(*at))
        ++at;
      value.raw = {begin, static_cast<size_t>(at - begin)};
      if (value.raw == "true" || value.raw == "false")
        value.type = kind::boolean;
      else if (*begin == '-' || (*begin >= '0' && *begin <= '9'))
        value.type = kind::number;
      return at != begin;
  }
}

void append_utf8(std::string& to, uint32_t code) {
  auto add = [&to](uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

/// The four hex digits at `at`; 0 when there are none.
uint32_t hex_digits(std::string_view raw, size_t at) {
  uint32_t code = 0;
  auto digits = raw.substr(std::min(at, raw.size()), 4);
  std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  return code;
}

char escape_of(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

}  // namespace

void append_unescaped(std::string& to, std::string_view raw) {
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      to += raw[i];
      continue;
    }
    ++i;
    if (raw[i] != 'u') {
      to += escape_of(raw[i]);
      continue;
    }
    auto code = hex_digits(raw, i + 1);
    i += 4;
    bool high = code >= 0xD800 && code < 0xDC00;
    if (high && raw.substr(std::min(i + 1, raw.size()), 2) == "\\u") {
      code = 0x10000 + ((code - 0xD800) << 10) + (hex_digits(raw, i + 3) - 0xDC00);
      i += 6;
    }
    append_utf8(to, code);
  }
}

bool property_scanner::scan() {
  const char *at = text_.data(), *end = text_.data() + text_.size();
  skip_blanks(at, end);
  if (at == end || *at++ != '{') return false;
  skip_blanks(at, end);
  if (at != end && *at == '}') return true;
  for (;;) {
    auto& next = members_.emplace_back();
    skip_blanks(at, end);
    if (at == end || *at != '"' || !take_string(at, end, next.name, next.name_escaped)) return false;
    skip_blanks(at, end);
    if (at == end || *at++ != ':') return false;
    skip_blanks(at, end);
    if (at == end || !take_value(at, end, next.value)) return false;
    skip_blanks(at, end);
    if (at == end) return false;
    if (*at == '}') return true;
    if (*at++ != ',') return false;
  }
}

property_value property_scanner::find(std::string_view name) {
  if (!scanned_) {
    scanned_ = true;
    members_.clear();
    if (!scan()) members_.clear();
  }
  for (const auto& each : members_) {
    if (!each.name_escaped) {
      if (each.name.size() == name.size() && std::memcmp(each.name.data(), name.data(), name.size()) == 0)
        return each.value;
      continue;
    }
    unescaped_.clear();
    append_unescaped(unescaped_, each.name);
    if (unescaped_ == name) return each.value;
  }
  return {};
}

}  // namespace pusher
