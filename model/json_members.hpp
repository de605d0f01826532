// Looks into JSON of ours that another version may have written, and into that of gateways: what is absent or
// of another type reads as nothing. What a client sends is read with http/field_reader.hpp, which names what
// is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "model/json.hpp"

namespace pusher::json {

/// Null when there is none; `of` need not be an object.
inline const rapidjson::Value* find(const rapidjson::Value& of, const char* name) {
  if (!of.IsObject()) return nullptr;
  auto found = of.FindMember(name);
  return found == of.MemberEnd() ? nullptr : &found->value;
}

/// Null when there is none, or it is null.
inline const rapidjson::Value* member(const rapidjson::Value& of, const char* name) {
  const auto* found = find(of, name);
  return found && !found->IsNull() ? found : nullptr;
}

inline bool has(const rapidjson::Value& of, const char* name) {
  return member(of, name) != nullptr;
}

inline std::string_view view_at(const rapidjson::Value& of, const char* name) {
  const auto* value = find(of, name);
  return value && value->IsString() ? view(*value) : std::string_view();
}

inline std::string text_at(const rapidjson::Value& of, const char* name) {
  return std::string(view_at(of, name));
}

inline uint64_t number_at(const rapidjson::Value& of, const char* name) {
  const auto* value = find(of, name);
  return value && value->IsUint64() ? value->GetUint64() : 0;
}

inline bool flag_at(const rapidjson::Value& of, const char* name) {
  const auto* value = find(of, name);
  return value && value->IsTrue();
}

/// An empty list when there is none.
inline const rapidjson::Value& list_at(const rapidjson::Value& of, const char* name) {
  static const rapidjson::Value none(rapidjson::kArrayType);
  const auto* value = find(of, name);
  return value && value->IsArray() ? *value : none;
}

template <class Visit>
void each_at(const rapidjson::Value& of, const char* name, Visit visit) {
  for (const auto& each : list_at(of, name).GetArray())
    visit(each);
}

}  // namespace pusher::json
