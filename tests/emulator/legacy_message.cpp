#include "tests/emulator/legacy_message.hpp"

#include <algorithm>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "tests/emulator/fcm_schema.hpp"
#include "tests/emulator/json_text.hpp"
#include "tests/emulator/script.hpp"

namespace pusher::emulator {

namespace {

using rapidjson::Value;

constexpr size_t most_tokens = 1000;
constexpr size_t payload_limit_bytes = 4096;
constexpr int64_t longest_ttl_seconds = 2'419'200;

struct field {
  std::string_view name;
  bool (Value::*is)() const;
};

constexpr field fields[] = {
    {"to", &Value::IsString},
    {"registration_ids", &Value::IsArray},
    {"condition", &Value::IsString},
    {"collapse_key", &Value::IsString},
    {"priority", &Value::IsString},
    {"content_available", &Value::IsBool},
    {"mutable_content", &Value::IsBool},
    {"delay_while_idle", &Value::IsBool},
    {"time_to_live", &Value::IsInt64},
    {"restricted_package_name", &Value::IsString},
    {"dry_run", &Value::IsBool},
    {"direct_boot_ok", &Value::IsBool},
    {"notification", &Value::IsObject},
    {"data", &Value::IsObject},
    {"fcm_options", &Value::IsObject},
};

bool is_target(std::string_view name) {
  return name == "to" || name == "registration_ids" || name == "condition";
}

std::string fault_of_fields(const Value& body) {
  for (auto each = body.MemberBegin(); each != body.MemberEnd(); ++each) {
    auto name = view(each->name);
    auto known =
        std::find_if(std::begin(fields), std::end(fields), [&](const field& f) { return f.name == name; });
    if (known == std::end(fields)) return "Unknown field \"" + std::string(name) + "\"";
    if (!(each->value.*known->is)()) return "Field \"" + std::string(name) + "\" has a wrong type";
  }
  return {};
}

std::string fault_of_targets(const Value& body) {
  auto ids = member_of(&body, "registration_ids");
  int kinds = 0;
  for (auto name : {"to", "registration_ids", "condition"})
    if (member_of(&body, name)) ++kinds;
  if (kinds > 1) return "Must use either \"registration_ids\" field or \"to\", not both";
  if (!ids) return {};
  if (ids->Empty()) return "registration_ids cannot be empty";
  if (ids->Size() > most_tokens) return "Number of messages on bulk exceeds maximum allowed (1000)";
  bool texts = std::all_of(ids->Begin(), ids->End(), [](const Value& each) { return each.IsString(); });
  return texts ? "" : "registration_ids must be strings";
}

std::string fault_of_content(const Value& body) {
  if (auto data = member_of(&body, "data"))
    for (auto each = data->MemberBegin(); each != data->MemberEnd(); ++each)
      if (!each->value.IsString())
        return "Value of data \"" + std::string(view(each->name)) + "\" must be a string";
  auto priority = text_member(&body, "priority");
  if (member_of(&body, "priority") && priority != "normal" && priority != "high")
    return "priority must be normal or high";
  return {};
}

size_t text_bytes(const Value* object) {
  size_t size = 0;
  if (!object) return size;
  for (auto each = object->MemberBegin(); each != object->MemberEnd(); ++each)
    size += each->name.GetStringLength() + (each->value.IsString() ? each->value.GetStringLength() : 0);
  return size;
}

std::string_view error_of(const Value& body) {
  auto data = member_of(&body, "data");
  if (auto ttl = member_of(&body, "time_to_live");
      ttl && (ttl->GetInt64() < 0 || ttl->GetInt64() > longest_ttl_seconds))
    return "InvalidTtl";
  if (data)
    for (auto each = data->MemberBegin(); each != data->MemberEnd(); ++each)
      if (reserved_data_key(view(each->name))) return "InvalidDataKey";
  if (text_bytes(data) + text_bytes(member_of(&body, "notification")) > payload_limit_bytes)
    return "MessageTooBig";
  return {};
}

uint64_t content_hash(const Value& body) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartObject();
  for (auto each = body.MemberBegin(); each != body.MemberEnd(); ++each) {
    if (is_target(view(each->name))) continue;
    each->name.Accept(writer);
    each->value.Accept(writer);
  }
  writer.EndObject();
  return stable_hash({text.GetString(), text.GetSize()});
}

void note_tokens(legacy_message& message) {
  if (auto ids = member_of(&message.body, "registration_ids"); ids && ids->IsArray())
    for (const auto& each : ids->GetArray())
      if (each.IsString()) message.tokens.push_back(view(each));
  for (auto name : {"to", "condition"})
    if (auto text = text_member(&message.body, name); !text.empty()) message.tokens.push_back(text);
}

}  // namespace

legacy_message read_legacy_message(const std::string& body) {
  legacy_message message;
  if (!parse_object(body, message.body)) {
    message.fault = "JSON_PARSING_ERROR";
    return message;
  }
  note_tokens(message);
  for (auto judge : {fault_of_fields, fault_of_targets, fault_of_content})
    if (message.fault.empty()) message.fault = judge(message.body);
  if (!message.fault.empty()) return message;
  message.error = error_of(message.body);
  message.content = content_hash(message.body);
  auto dry_run = member_of(&message.body, "dry_run");
  message.dry_run = dry_run && dry_run->IsTrue();
  return message;
}

}  // namespace pusher::emulator
