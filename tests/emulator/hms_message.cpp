#include "tests/emulator/hms_message.hpp"

#include <algorithm>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "tests/emulator/json_text.hpp"
#include "tests/emulator/script.hpp"

namespace pusher::emulator {

namespace {

using rapidjson::Value;

constexpr size_t most_tokens = 1000;
constexpr size_t payload_limit_bytes = 4096;
constexpr int64_t longest_ttl_seconds = 15 * 86'400;

constexpr const char* bad_parameter = "80100001";
constexpr const char* bad_structure = "80100003";
constexpr const char* bad_ttl = "80100004";
constexpr const char* bad_collapse_key = "80100013";
constexpr const char* too_large = "80300008";
constexpr const char* too_many_tokens = "80300010";

enum class kind : uint8_t { text, boolean, integer, text_list, object, free_object, free };

struct field;
struct table {
  const field* fields;
  size_t count;
};
struct field {
  std::string_view name;
  kind type;
  const table* members = nullptr;  ///< with kind::object
};

template <size_t Count>
constexpr table make_table(const field (&fields)[Count]) {
  return {fields, Count};
}

constexpr field click_action_fields[] = {
    {"type", kind::integer}, {"intent", kind::text},        {"action", kind::text},
    {"url", kind::text},     {"rich_resource", kind::text},
};
constexpr table click_action_table = make_table(click_action_fields);

constexpr field badge_fields[] = {
    {"add_num", kind::integer}, {"set_num", kind::integer}, {"class", kind::text}};
constexpr table badge_table = make_table(badge_fields);

constexpr field android_notification_fields[] = {
    {"title", kind::text},
    {"body", kind::text},
    {"icon", kind::text},
    {"color", kind::text},
    {"sound", kind::text},
    {"default_sound", kind::boolean},
    {"tag", kind::text},
    {"click_action", kind::object, &click_action_table},
    {"body_loc_key", kind::text},
    {"body_loc_args", kind::text_list},
    {"title_loc_key", kind::text},
    {"title_loc_args", kind::text_list},
    {"multi_lang_key", kind::free_object},
    {"channel_id", kind::text},
    {"notify_summary", kind::text},
    {"image", kind::text},
    {"style", kind::integer},
    {"big_title", kind::text},
    {"big_body", kind::text},
    {"auto_clear", kind::integer},
    {"notify_id", kind::integer},
    {"group", kind::text},
    {"badge", kind::object, &badge_table},
    {"ticker", kind::text},
    {"auto_cancel", kind::boolean},
    {"when", kind::text},
    {"local_only", kind::boolean},
    {"importance", kind::text},
    {"use_default_vibrate", kind::boolean},
    {"use_default_light", kind::boolean},
    {"vibrate_config", kind::text_list},
    {"visibility", kind::text},
    {"light_settings", kind::free_object},
    {"foreground_show", kind::boolean},
    {"profile_id", kind::text},
    {"inbox_content", kind::text_list},
    {"buttons", kind::free},
};
constexpr table android_notification_table = make_table(android_notification_fields);

constexpr field android_fields[] = {
    {"collapse_key", kind::integer},
    {"urgency", kind::text},
    {"category", kind::text},
    {"ttl", kind::text},
    {"bi_tag", kind::text},
    {"receipt_id", kind::text},
    {"data", kind::text},
    {"fast_app_target", kind::integer},
    {"target_user_type", kind::integer},
    {"notification", kind::object, &android_notification_table},
};
constexpr table android_table = make_table(android_fields);

constexpr field notification_fields[] = {{"title", kind::text}, {"body", kind::text}, {"image", kind::text}};
constexpr table notification_table = make_table(notification_fields);

constexpr field message_fields[] = {
    {"token", kind::text_list},
    {"topic", kind::text},
    {"condition", kind::text},
    {"data", kind::text},
    {"apns", kind::free_object},
    {"webpush", kind::free_object},
    {"android", kind::object, &android_table},
    {"notification", kind::object, &notification_table},
};
constexpr table message_table = make_table(message_fields);

constexpr field root_fields[] = {{"validate_only", kind::boolean}, {"message", kind::object, &message_table}};
constexpr table root_table = make_table(root_fields);

bool all_of(const Value& list, bool (Value::*is)() const) {
  return list.IsArray() &&
         std::all_of(list.Begin(), list.End(), [&](const Value& each) { return (each.*is)(); });
}

/// The name of the first field that is unknown or of a wrong type; empty when there is none.
std::string_view wrong_field(const Value& object, const table& of);

bool is_of(const Value& value, const field& wanted, std::string_view& wrong) {
  switch (wanted.type) {
    case kind::text:
      return value.IsString();
    case kind::boolean:
      return value.IsBool();
    case kind::integer:
      return value.IsInt();
    case kind::text_list:
      return all_of(value, &Value::IsString);
    case kind::free_object:
      return value.IsObject();
    case kind::free:
      return true;
    case kind::object:
      if (!value.IsObject()) return false;
      wrong = wrong_field(value, *wanted.members);
      return wrong.empty();
  }
  return false;
}

std::string_view wrong_field(const Value& object, const table& of) {
  for (auto each = object.MemberBegin(); each != object.MemberEnd(); ++each) {
    auto name = view(each->name);
    auto end = of.fields + of.count;
    auto known = std::find_if(of.fields, end, [&](const field& f) { return f.name == name; });
    std::string_view inner;
    if (known == end || !is_of(each->value, *known, inner)) return inner.empty() ? name : inner;
  }
  return {};
}

bool refuse(hms_message& message, const char* code, std::string fault) {
  message.code = code;
  message.fault = std::move(fault);
  return false;
}

bool is_ttl(std::string_view text) {
  if (text.size() < 2 || text.size() > 9 || text.back() != 's') return false;
  int64_t seconds = 0;
  for (char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return false;
    seconds = seconds * 10 + (c - '0');
  }
  return seconds <= longest_ttl_seconds;
}

bool judge_click_action(const Value* notification, hms_message& message) {
  auto action = member_of(notification, "click_action");
  auto type_field = member_of(action, "type");
  if (!type_field) return refuse(message, bad_structure, "click_action with its type is mandatory");
  int type = type_field->GetInt();
  if (type < 1 || type > 4) return refuse(message, bad_structure, "click_action.type is 1 to 4");
  if (type == 1 && text_member(action, "intent").empty() && text_member(action, "action").empty())
    return refuse(message, bad_structure, "click_action of type 1 wants intent or action");
  if (type == 2 && text_member(action, "url").empty())
    return refuse(message, bad_structure, "click_action of type 2 wants url");
  return true;
}

bool judge_android(const Value* android, hms_message& message) {
  if (auto ttl = member_of(android, "ttl"); ttl && !is_ttl(view(*ttl)))
    return refuse(message, bad_ttl, "ttl is not of the form 86400s");
  if (auto key = member_of(android, "collapse_key"); key && (key->GetInt() < -1 || key->GetInt() > 100))
    return refuse(message, bad_collapse_key, "collapse_key is -1 to 100");
  if (auto urgency = member_of(android, "urgency"); urgency && *urgency != "HIGH" && *urgency != "NORMAL")
    return refuse(message, bad_parameter, "urgency is HIGH or NORMAL");
  auto notification = member_of(android, "notification");
  return !notification || judge_click_action(notification, message);
}

void note_correlation(const Value* content, hms_message& message) {
  rapidjson::Document data;
  if (parse_object(text_member(content, "data"), data))
    message.correlation = text_member(&data, "notification");
}

void note_targets(const Value* content, hms_message& message) {
  auto tokens = member_of(content, "token");
  if (tokens && tokens->IsArray())
    for (const auto& each : tokens->GetArray())
      if (each.IsString()) message.targets.push_back(view(each));
  for (auto name : {"topic", "condition"})
    if (auto text = text_member(content, name); !text.empty()) message.targets.push_back(text);
}

bool judge_targets(const Value* content, hms_message& message) {
  auto tokens = member_of(content, "token");
  int kinds = 0;
  for (auto name : {"token", "topic", "condition"})
    if (member_of(content, name)) ++kinds;
  if (kinds != 1) return refuse(message, bad_structure, "one of token, topic and condition is wanted");
  if (!tokens) return true;
  if (tokens->Empty()) return refuse(message, bad_parameter, "token is empty");
  if (tokens->Size() > most_tokens) return refuse(message, too_many_tokens, "more than 1000 tokens");
  return true;
}

/// The JSON text of the message without its tokens, whose size is limited.
std::string text_without_tokens(const Value& content) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartObject();
  for (auto each = content.MemberBegin(); each != content.MemberEnd(); ++each) {
    if (each->name == "token") continue;
    each->name.Accept(writer);
    each->value.Accept(writer);
  }
  writer.EndObject();
  return {text.GetString(), text.GetSize()};
}

bool judge(hms_message& message) {
  auto content = member_of(&message.body, "message");
  if (!content) return refuse(message, bad_structure, "message is missing");
  if (auto tokens = member_of(content, "token"); tokens && !tokens->IsArray())
    return refuse(message, bad_structure, "token is not an array");
  if (auto wrong = wrong_field(message.body, root_table); !wrong.empty())
    return refuse(message, bad_structure, "unknown or of a wrong type: " + std::string(wrong));
  if (!judge_targets(content, message)) return false;
  auto android = member_of(content, "android");
  if (!member_of(content, "data") && !member_of(content, "notification") &&
      !member_of(android, "notification"))
    return refuse(message, bad_structure, "neither data nor notification");
  if (!judge_android(android, message)) return false;
  auto text = text_without_tokens(*content);
  message.content = stable_hash(text);
  if (text.size() > payload_limit_bytes) return refuse(message, too_large, "the message is too large");
  auto validate_only = member_of(&message.body, "validate_only");
  message.validate_only = validate_only && validate_only->IsTrue();
  return true;
}

}  // namespace

hms_message read_hms_message(const std::string& body) {
  hms_message message;
  if (!parse_object(body, message.body)) {
    refuse(message, bad_structure, "no JSON object");
    return message;
  }
  note_targets(member_of(&message.body, "message"), message);
  note_correlation(member_of(&message.body, "message"), message);
  judge(message);
  return message;
}

}  // namespace pusher::emulator
