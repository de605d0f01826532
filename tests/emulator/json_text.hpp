// JSON strings, written and read without ceremony.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

namespace pusher::emulator {

inline void append_escaped(std::string& to, std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') to += '\\';
    if (byte >= 0x20) {
      to += c;
      continue;
    }
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", byte);
    to += escape;
  }
}

inline std::string quoted(std::string_view text) {
  std::string result = "\"";
  append_escaped(result, text);
  return result + "\"";
}

inline std::string_view view(const rapidjson::Value& text) {
  return {text.GetString(), text.GetStringLength()};
}

/// The member of that name; null when there is none, or no object.
inline const rapidjson::Value* member_of(const rapidjson::Value* object, std::string_view name) {
  if (!object || !object->IsObject()) return nullptr;
  auto found = object->FindMember(
      rapidjson::Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return found == object->MemberEnd() ? nullptr : &found->value;
}

/// Its text; empty when it is missing or no string.
inline std::string_view text_member(const rapidjson::Value* object, std::string_view name) {
  auto found = member_of(object, name);
  return found && found->IsString() ? view(*found) : std::string_view();
}

/// Strict UTF-8, one object and nothing else. Reads `text`, which may be gone afterwards.
inline bool parse_object(std::string_view text, rapidjson::Document& object) {
  using namespace rapidjson;
  if (text.find('\0') != std::string_view::npos) return false;
  object.Parse<kParseIterativeFlag | kParseValidateEncodingFlag>(text.data(), text.size());
  return !object.HasParseError() && object.IsObject();
}

}  // namespace pusher::emulator
