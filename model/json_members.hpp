// Members of JSON objects that may lack them, or may be no objects: read without a fault. What a client sends
// is read with http/field_reader.hpp, which names what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/json.hpp"

namespace pusher::json {

inline const rapidjson::Value* find(const rapidjson::Value& of, const char* name) {
  if (!of.IsObject()) return nullptr;
  auto found = of.FindMember(name);
  return found == of.MemberEnd() ? nullptr : &found->value;
}

/// Empty when there is no such text.
inline std::string_view view_at(const rapidjson::Value& of, const char* name) {
  const auto* found = find(of, name);
  return found && found->IsString() ? view(*found) : std::string_view();
}
inline std::string text_at(const rapidjson::Value& of, const char* name) {
  return std::string(view_at(of, name));
}

/// 0 when there is no such number.
inline uint64_t number_at(const rapidjson::Value& of, const char* name) {
  const auto* found = find(of, name);
  return found && found->IsUint64() ? found->GetUint64() : 0;
}

inline bool is_true_at(const rapidjson::Value& of, const char* name) {
  const auto* found = find(of, name);
  return found && found->IsTrue();
}

/// An empty list when there is none.
inline const rapidjson::Value& list_at(const rapidjson::Value& of, const char* name) {
  static const rapidjson::Value none(rapidjson::kArrayType);
  const auto* found = find(of, name);
  return found && found->IsArray() ? *found : none;
}

}  // namespace pusher::json
