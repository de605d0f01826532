#include "transports/apns/payload.hpp"

#include <algorithm>

#include <rapidjson/document.h>

#include "model/device.hpp"
#include "model/ids.hpp"
#include "model/json.hpp"
#include "transports/base64url.hpp"

namespace pusher {

namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr size_t collapse_id_bytes = 64;

error bad_field(const char* pointer, std::string detail) {
  return {errc::invalid_field, std::move(detail), pointer, 0};
}

/// Builds the payload of one request, override included.
class payload_builder {
 public:
  explicit payload_builder(const message& from) : from_(from) { document_.SetObject(); }

  bool shows_something() const {
    auto& content = from_.content;
    return content.title || content.body || content.image_url || content.sound || content.badge;
  }

  /// `override_payload` may be null.
  Document build(bool with_aps, bool background, const Value* override_payload) {
    if (with_aps) {
      add_aps(background);
      add_data();
    }
    if (override_payload != nullptr) json::merge_patch(document_, *override_payload, memory());
    return std::move(document_);
  }

 private:
  Document::AllocatorType& memory() { return document_.GetAllocator(); }

  Value text(std::string_view value) {
    return Value(value.data(), static_cast<rapidjson::SizeType>(value.size()), memory());
  }
  void set(Value& object, std::string_view name, Value value) {
    object.AddMember(text(name), value, memory());
  }
  void set(Value& object, std::string_view name, const std::optional<std::string>& value) {
    if (value) set(object, name, text(*value));
  }

  void add_aps(bool background) {
    auto& content = from_.content;
    Value aps(rapidjson::kObjectType);
    Value alert(rapidjson::kObjectType);
    set(alert, "title", content.title);
    set(alert, "body", content.body);
    if (!alert.ObjectEmpty()) set(aps, "alert", std::move(alert));
    set(aps, "sound", content.sound);
    if (content.badge) set(aps, "badge", Value(*content.badge));
    if (content.image_url) set(aps, "mutable-content", Value(1));
    if (background) set(aps, "content-available", Value(1));
    set(document_, "aps", std::move(aps));
  }

  void add_data() {
    auto& content = from_.content;
    for (auto& [name, value] : content.data)
      if (name != "aps") set(document_, name, text(value));
    if (content.data.count("deep_link") == 0) set(document_, "deep_link", content.deep_link);
    if (content.data.count("image_url") == 0) set(document_, "image_url", content.image_url);
  }

  const message& from_;
  Document document_;
};

const Value* member(const Value& object, const char* name) {
  auto found = object.FindMember(name);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

/// A header of the override, or nothing. Errors: invalid_field.
result<std::optional<std::string>> header(const Value* headers, const char* name) {
  if (headers == nullptr) return std::optional<std::string>();
  auto* value = member(*headers, name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->IsString())
    return error{errc::invalid_field, "headers are texts", json::pointer("/apns/headers", name), 0};
  return std::optional<std::string>(std::string(json::view(*value)));
}

bool is_header_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

/// A collapse key as Apple takes it: itself, or the like of it when it has letters that no header can hold.
std::string as_collapse_id(const std::string& key) {
  if (is_header_text(key)) return key;
  auto hash = sha256(key);
  return to_base64url({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

/// Whether the payload of an override makes the device show or play something.
bool shows(const Value* payload) {
  auto* aps = payload == nullptr ? nullptr : member(*payload, "aps");
  if (aps == nullptr || !aps->IsObject()) return false;
  return member(*aps, "alert") != nullptr || member(*aps, "sound") != nullptr ||
         member(*aps, "badge") != nullptr;
}

/// Takes the headers of the override over.
result<void> take_headers(const Value* headers, apns_request& into) {
  auto priority = header(headers, "apns-priority");
  if (!priority) return priority.failure();
  into.priority = priority->value_or(std::string(into.type->priority));
  if (into.priority != "1" && into.priority != "5" && into.priority != "10")
    return bad_field("/apns/headers/apns-priority", "is 1, 5 or 10");
  if (into.type->only_low_priority && into.priority == "10")
    return bad_field("/apns/headers/apns-priority", "Apple refuses 10 for background pushes; use 5");
  auto collapse = header(headers, "apns-collapse-id");
  if (!collapse) return collapse.failure();
  if (*collapse) into.collapse_id = **collapse;
  if (into.collapse_id.size() > collapse_id_bytes || !is_header_text(into.collapse_id))
    return bad_field("/apns/headers/apns-collapse-id", "has at most 64 characters of ASCII");
  auto expiration = header(headers, "apns-expiration");
  if (!expiration) return expiration.failure();
  if (*expiration) into.expiration = **expiration;
  bool digits = std::all_of(into.expiration.begin(), into.expiration.end(),
                            [](unsigned char c) { return c >= '0' && c <= '9'; });
  if (into.expiration.empty() || !digits)
    return bad_field("/apns/headers/apns-expiration", "is a time in seconds since 1970, or 0");
  auto id = header(headers, "apns-id");
  if (!id) return id.failure();
  into.id = id->value_or("");
  if (!into.id.empty() && !is_uuid(into.id))
    return bad_field("/apns/headers/apns-id", "is a UUID in lower case");
  auto topic = header(headers, "apns-topic");
  if (!topic) return topic.failure();
  into.topic = topic->value_or("");
  if (!is_header_text(into.topic)) return bad_field("/apns/headers/apns-topic", "is a bundle id");
  return {};
}

/// What Apple would not say clearly, or at all, when it is wrong.
result<void> check_aps(const Value& aps, std::string_view type) {
  if (auto* level = member(aps, "interruption-level")) {
    auto name = level->IsString() ? json::view(*level) : std::string_view();
    if (name != "passive" && name != "active" && name != "time-sensitive" && name != "critical")
      return bad_field("/apns/payload/aps/interruption-level",
                       "is passive, active, time-sensitive or critical");
  }
  if (auto* score = member(aps, "relevance-score"); score != nullptr && !score->IsNumber())
    return bad_field("/apns/payload/aps/relevance-score", "is a number");
  if (auto* sound = member(aps, "sound"); sound != nullptr && !sound->IsString()) {
    auto* volume = sound->IsObject() ? member(*sound, "volume") : nullptr;
    bool good =
        sound->IsObject() &&
        (volume == nullptr || (volume->IsNumber() && volume->GetDouble() >= 0 && volume->GetDouble() <= 1));
    if (!good)
      return bad_field("/apns/payload/aps/sound",
                       "is a file's name, or {critical, name, volume} with a volume from 0 to 1");
  }
  if (auto* badge = member(aps, "badge"); badge != nullptr && !badge->IsUint())
    return bad_field("/apns/payload/aps/badge", "is a whole number from 0 on");
  for (const char* name : {"category", "thread-id"})
    if (auto* value = member(aps, name); value != nullptr && !value->IsString())
      return error{errc::invalid_field, "is a text", json::pointer("/apns/payload/aps", name), 0};
  if (type != "liveactivity") return {};
  auto* event = member(aps, "event");
  auto named = event != nullptr && event->IsString() ? json::view(*event) : std::string_view();
  if (named != "start" && named != "update" && named != "end")
    return bad_field("/apns/payload/aps/event", "is start, update or end for a live activity");
  if (auto* time = member(aps, "timestamp"); time == nullptr || !time->IsUint64())
    return bad_field("/apns/payload/aps/timestamp",
                     "a live activity needs the time of its state, in seconds since 1970");
  if (auto* state = member(aps, "content-state"); named != "end" && (state == nullptr || !state->IsObject()))
    return bad_field("/apns/payload/aps/content-state", "a live activity needs its state, an object");
  return {};
}

}  // namespace

result<apns_request> render_apns(const message& content) {
  Document given;
  given.SetObject();
  if (!content.apns.empty()) {
    auto parsed = json::parse(content.apns);
    if (!parsed || !parsed->IsObject())
      return error{errc::corrupt_data, "the apns override is not a JSON object", "", 0};
    given = *std::move(parsed);
  }
  auto* headers = member(given, "headers");
  if (headers != nullptr && !headers->IsObject()) return bad_field("/apns/headers", "is an object of texts");
  auto* payload = member(given, "payload");
  if (payload != nullptr && !payload->IsObject()) return bad_field("/apns/payload", "is an object");
  if (content.content.data.count("aps") > 0)
    return bad_field("/content/data/aps", "Apple keeps this key for itself; choose another name");

  payload_builder builder(content);
  auto chosen = header(headers, "apns-push-type");
  if (!chosen) return chosen.failure();
  bool visible = builder.shows_something() || shows(payload);
  apns_request made;
  made.type = find_apns_push_type(chosen->value_or(visible ? "alert" : "background"));
  if (made.type == nullptr)
    return bad_field("/apns/headers/apns-push-type", "is one of " + std::string(apns_push_type_names()));
  if (content.collapse_key) made.collapse_id = as_collapse_id(*content.collapse_key);
  made.expiration = std::to_string(content.expires_at / 1000);
  if (auto taken = take_headers(headers, made); !taken) return taken.failure();

  auto built = builder.build(made.type->has_aps, made.type->name == "background", payload);
  if (made.type->has_aps) {
    auto* aps = member(built, "aps");
    if (aps == nullptr || !aps->IsObject()) return bad_field("/apns/payload/aps", "is an object");
    if (auto good = check_aps(*aps, made.type->name); !good) return good.failure();
  } else if (built.ObjectEmpty()) {
    return bad_field("/apns/payload", "an mdm push needs its payload, e.g. {\"mdm\": ...}");
  }
  made.body = json::to_text(built);
  if (content.blanks.empty() && made.body.size() > made.type->payload_bytes)
    return error{errc::payload_too_large,
                 "the push for apns would have " + std::to_string(made.body.size()) +
                     " bytes; Apple allows " + std::to_string(made.type->payload_bytes),
                 "/content", 0};
  return made;
}

result<void> check_apns_message(const message& content) {
  auto rendered = render_apns(content);
  if (rendered) return {};
  auto failure = std::move(rendered).failure();
  if (failure.code == errc::corrupt_data) failure.code = errc::invalid_field;
  return failure;
}

}  // namespace pusher
