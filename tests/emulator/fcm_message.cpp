#include "tests/emulator/fcm_message.hpp"

#include <algorithm>
#include <vector>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "tests/emulator/fcm_schema.hpp"
#include "tests/emulator/json_text.hpp"

namespace pusher::emulator {

namespace {

using rapidjson::Value;

constexpr size_t device_payload_bytes = 4096;
constexpr size_t topic_payload_bytes = 2048;
constexpr int deepest_free_object = 64;

/// Where in the body we are; linked through the stack, and spelt out only when there is a fault.
struct place {
  const place* above = nullptr;
  std::string_view name;
  int index = -1;

  std::string spelt() const {
    std::string text = above ? above->spelt() : std::string();
    if (!text.empty() && !name.empty()) text += '.';
    text += name;
    if (index >= 0) text += "[" + std::to_string(index) + "]";
    return text;
  }
};

class walker {
 public:
  explicit walker(message_fault& fault) : fault_(fault) {}

  bool object(const Value& value, const schema& of, const place& at) {
    if (!value.IsObject()) return wrong_type(field_type::object, at);
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
      auto known = find_field(of, view(member->name));
      if (!known) return unknown_name(view(member->name), at);
      if (!member->value.IsNull() && !one(member->value, *known, place{&at, known->name, -1})) return false;
    }
    return true;
  }

 private:
  bool one(const Value& value, const field& is, const place& at) {
    switch (is.type) {
      case field_type::object:
        return object(value, *is.members, at);
      case field_type::free_object:
        return value.IsObject() || wrong_type(is.type, at);
      case field_type::boolean:
        return value.IsBool() || wrong_type(is.type, at);
      case field_type::int32:
        return value.IsInt() || wrong_type(is.type, at);
      case field_type::number:
        return value.IsNumber() || wrong_type(is.type, at);
      case field_type::text_map:
      case field_type::data_map:
        return map(value, is.type, at);
      case field_type::text_list:
      case field_type::duration_list:
        return list(value, is.type, at);
      case field_type::text:
      case field_type::duration:
      case field_type::ttl:
      case field_type::timestamp:
      case field_type::color:
      case field_type::label:
      case field_type::topic:
      case field_type::priority:
      case field_type::notification_priority:
      case field_type::visibility:
      case field_type::proxy:
        return text(value, is.type, at);
    }
    return false;
  }

  bool text(const Value& value, field_type type, const place& at) {
    return (value.IsString() && well_formed(type, view(value))) || wrong_type(type, at);
  }

  bool list(const Value& value, field_type type, const place& at) {
    if (!value.IsArray()) return wrong_type(type, at);
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
      if (!text(value[i], type, place{&at, {}, static_cast<int>(i)})) return false;
    return true;
  }

  bool map(const Value& value, field_type type, const place& at) {
    if (!value.IsObject()) return wrong_type(type, at);
    int index = 0;
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member, ++index) {
      place entry{&at, {}, index};
      if (type == field_type::data_map && reserved_data_key(view(member->name)))
        return reserved_key(view(member->name), entry);
      if (!member->value.IsString()) return wrong_type(field_type::text, place{&entry, "value", -1});
    }
    return true;
  }

  bool wrong_type(field_type type, const place& at) {
    fault_.field = at.spelt();
    fault_.message = "Invalid value at '" + fault_.field + "' (" + std::string(name_of(type)) + ")";
    return false;
  }

  bool unknown_name(std::string_view name, const place& at) {
    fault_.field = at.spelt();
    fault_.message = "Invalid JSON payload received. Unknown name \"" + std::string(name) + "\"" +
                     (fault_.field.empty() ? "" : " at '" + fault_.field + "'") + ": Cannot find field.";
    return false;
  }

  bool reserved_key(std::string_view key, const place& at) {
    fault_.field = at.spelt() + ".key";
    fault_.message = "Invalid data payload key: " + std::string(key);
    fault_.from_fcm = true;
    return false;
  }

  message_fault& fault_;
};

/// Size of the compact JSON text, escapes not counted. False when nested deeper than we follow.
bool add_json_size(const Value& value, int depth, size_t& size) {
  if (depth > deepest_free_object) return false;
  if (value.IsString()) return size += value.GetStringLength() + 2, true;
  if (value.IsArray()) {
    size += 2 + (value.Empty() ? 0 : value.Size() - 1);
    return std::all_of(value.Begin(), value.End(),
                       [&](const Value& each) { return add_json_size(each, depth + 1, size); });
  }
  if (value.IsObject()) {
    size += 2 + (value.ObjectEmpty() ? 0 : value.MemberCount() - 1);
    return std::all_of(value.MemberBegin(), value.MemberEnd(), [&](const auto& each) {
      size += each.name.GetStringLength() + 3;
      return add_json_size(each.value, depth + 1, size);
    });
  }
  size += value.IsNumber() ? std::to_string(value.GetDouble()).size() : value.IsFalse() ? 5 : 4;
  return true;
}

/// Keys and values of an object of strings; with `keys` false the values only. Other values do not count.
size_t text_bytes(const Value* object, bool keys) {
  size_t size = 0;
  if (!object || !object->IsObject()) return 0;
  for (auto each = object->MemberBegin(); each != object->MemberEnd(); ++each) {
    if (!each->value.IsString()) continue;
    size += each->value.GetStringLength() + (keys ? each->name.GetStringLength() : 0);
  }
  return size;
}

/// Google does not say how it counts. Here: keys and values of data plus title, body and image of the
/// notification go to every platform; Android adds its own data and the strings of its notification, APNs the
/// JSON text of its payload, Web its data and the JSON text of its notification. The largest of the three
/// counts. Nothing when a free object is nested too deep.
bool payload_bytes(const Value* message, size_t& size) {
  size_t common =
      text_bytes(member_of(message, "data"), true) + text_bytes(member_of(message, "notification"), false);
  auto android = member_of(message, "android");
  size_t on_android = common + text_bytes(member_of(android, "data"), true) +
                      text_bytes(member_of(android, "notification"), false);
  size_t on_apns = common, on_web = common;
  if (auto payload = member_of(member_of(message, "apns"), "payload"))
    if (!add_json_size(*payload, 0, on_apns)) return false;
  auto webpush = member_of(message, "webpush");
  on_web += text_bytes(member_of(webpush, "data"), true);
  if (auto notification = member_of(webpush, "notification"))
    if (!add_json_size(*notification, 0, on_web)) return false;
  size = std::max({on_android, on_apns, on_web});
  return true;
}

bool refuse(message_fault& fault, const char* message, const char* field, bool from_fcm) {
  fault.message = message;
  fault.field = field;
  fault.from_fcm = from_fcm;
  return false;
}

void note_facts(const Value* root, message_facts& facts) {
  auto message = member_of(root, "message");
  for (auto kind : {"token", "fid", "topic", "condition"})
    if (facts.target.empty()) facts.target = text_member(message, kind);
  facts.token = text_member(message, "token");
  if (facts.token.empty()) facts.token = text_member(message, "fid");
  facts.correlation = text_member(member_of(message, "data"), "notification");
  auto validate_only = member_of(root, "validate_only");
  if (!validate_only) validate_only = member_of(root, "validateOnly");
  facts.validate_only = validate_only && validate_only->IsTrue();
}

bool is_ascii(std::string_view text) {
  unsigned char seen = 0;
  for (char c : text)
    seen |= static_cast<unsigned char>(c);
  return seen < 0x80;
}

/// Checks UTF-8 only where there can be any, since that takes as long as the rest of parsing.
void parse_in_place(rapidjson::Document& document, std::string& body) {
  using rapidjson::kParseIterativeFlag;
  using rapidjson::kParseValidateEncodingFlag;
  if (is_ascii(body))
    document.ParseInsitu<kParseIterativeFlag>(body.data());
  else
    document.ParseInsitu<kParseIterativeFlag | kParseValidateEncodingFlag>(body.data());
}

bool judge_target(const Value* message, message_fault& fault) {
  int targets = 0;
  for (auto kind : {"token", "fid", "topic", "condition"})
    if (!text_member(message, kind).empty()) ++targets;
  if (targets == 0) return refuse(fault, "Recipient of the message is not set.", "message.token", true);
  if (targets > 1)
    return refuse(fault, "Invalid value: oneof field 'target' is already set.", "message", false);
  return true;
}

bool judge_size(const Value* message, message_fault& fault) {
  size_t size = 0;
  if (!payload_bytes(message, size)) return refuse(fault, "Message too deep.", "message", false);
  bool to_device = text_member(message, "topic").empty() && text_member(message, "condition").empty();
  if (size > (to_device ? device_payload_bytes : topic_payload_bytes))
    return refuse(fault, "Message is too big", "message", true);
  return true;
}

}  // namespace

struct message_judge::memory {
  std::vector<char> buffer = std::vector<char>(64 * 1024);
  rapidjson::MemoryPoolAllocator<> pool{buffer.data(), buffer.size()};
};

message_judge::message_judge() : memory_(std::make_unique<memory>()) {}
message_judge::~message_judge() = default;

bool message_judge::judge(std::string& body, message_facts& facts, message_fault& fault) {
  memory_->pool.Clear();
  rapidjson::Document document(&memory_->pool);
  if (body.find('\0') != std::string::npos)
    return refuse(fault, "Invalid JSON payload received. Unexpected character.", "", false);
  parse_in_place(document, body);
  if (document.HasParseError()) {
    fault.message = "Invalid JSON payload received. " +
                    std::string(rapidjson::GetParseError_En(document.GetParseError()));
    return false;
  }
  note_facts(&document, facts);
  if (!walker(fault).object(document, send_request_schema, place{})) return false;
  auto message = member_of(&document, "message");
  if (!message || message->IsNull()) return refuse(fault, "The message is not set.", "message", true);
  return judge_target(message, fault) && judge_size(message, fault);
}

}  // namespace pusher::emulator
