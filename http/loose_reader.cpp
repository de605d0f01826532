#include "http/loose_reader.hpp"

#include "model/json.hpp"

namespace pusher::http {

loose_reader::loose_reader(const rapidjson::Value& object, std::string pointer)
    : object_(object), pointer_(std::move(pointer)) {
  if (!object_.IsObject()) fault_ = error{errc::invalid_field, "This is to be a JSON object.", pointer_, 0};
}

void loose_reader::fail(const char* name, std::string detail) {
  if (!fault_) fault_ = error{errc::invalid_field, std::move(detail), json::pointer(pointer_, name), 0};
}

const rapidjson::Value* loose_reader::any(const char* name) {
  if (fault_) return nullptr;
  auto found = object_.FindMember(name);
  return found == object_.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

std::string loose_reader::text(const char* name) {
  const auto* value = any(name);
  if (!value) return {};
  if (value->IsString()) return std::string(json::view(*value));
  fail(name, "This is to be a string.");
  return {};
}

std::optional<int64_t> loose_reader::number(const char* name) {
  const auto* value = any(name);
  if (!value) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  fail(name, "This is to be a whole number.");
  return std::nullopt;
}

std::optional<double> loose_reader::decimal(const char* name) {
  const auto* value = any(name);
  if (!value) return std::nullopt;
  if (value->IsNumber()) return value->GetDouble();
  fail(name, "This is to be a number.");
  return std::nullopt;
}

bool loose_reader::flag(const char* name) {
  const auto* value = any(name);
  if (!value) return false;
  if (!value->IsBool()) fail(name, "This is true or false.");
  return value->IsTrue();
}

std::vector<std::string> loose_reader::texts(const char* name) {
  std::vector<std::string> made;
  const auto* value = any(name);
  if (!value) return made;
  bool good = value->IsArray();
  for (rapidjson::SizeType i = 0; good && i < value->Size(); ++i) {
    good = (*value)[i].IsString();
    if (good) made.emplace_back(json::view((*value)[i]));
  }
  if (!good) fail(name, "This is to be a list of strings.");
  return made;
}

const rapidjson::Value* loose_reader::object(const char* name) {
  const auto* value = any(name);
  if (!value || value->IsObject()) return value;
  fail(name, "This is to be a JSON object.");
  return nullptr;
}

}  // namespace pusher::http
