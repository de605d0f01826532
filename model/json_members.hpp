// Looks into JSON of ours that another version may have written: what is absent or of another type reads as
// nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "model/json.hpp"

namespace pusher::json {

/// Null when there is none, or it is null.
inline const rapidjson::Value* member(const rapidjson::Value& of, const char* name) {
  if (!of.IsObject()) return nullptr;
  auto found = of.FindMember(name);
  return found == of.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

inline bool has(const rapidjson::Value& of, const char* name) {
  return member(of, name) != nullptr;
}

inline std::string text_at(const rapidjson::Value& of, const char* name) {
  const auto* value = member(of, name);
  return value && value->IsString() ? std::string(view(*value)) : std::string();
}

inline uint64_t number_at(const rapidjson::Value& of, const char* name) {
  const auto* value = member(of, name);
  return value && value->IsUint64() ? value->GetUint64() : 0;
}

inline bool flag_at(const rapidjson::Value& of, const char* name) {
  const auto* value = member(of, name);
  return value && value->IsBool() && value->GetBool();
}

template <class Visit>
void each_at(const rapidjson::Value& of, const char* name, Visit visit) {
  const auto* list = member(of, name);
  if (!list || !list->IsArray()) return;
  for (const auto& each : list->GetArray())
    visit(each);
}

}  // namespace pusher::json
