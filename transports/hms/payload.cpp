#include "transports/hms/payload.hpp"

#include <algorithm>
#include <charconv>

#include <rapidjson/document.h>

#include "model/json_members.hpp"

namespace pusher {

namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr int64_t longest_ttl_seconds = 15 * 86'400;

class message_builder {
 public:
  message_builder(const message& from, utc_ms now) : from_(from), now_(now) { document_.SetObject(); }

  result<Document> build() {
    add_data();
    add_notification();
    add_android();
    if (from_.hms.empty()) return std::move(document_);
    auto parsed = json::parse(from_.hms);
    if (!parsed || !parsed->IsObject())
      return error{errc::corrupt_data, "the override for hms is not a JSON object", "", 0};
    json::merge_patch(document_, *parsed, memory());
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

  bool shows_something() const {
    auto& content = from_.content;
    return content.title || content.body || content.image_url || content.sound || content.badge;
  }

  void add_data() {
    Document data;
    data.SetObject();
    auto add = [&](const std::string& name, const std::string& value) {
      Value key(name.data(), static_cast<rapidjson::SizeType>(name.size()), data.GetAllocator());
      Value said(value.data(), static_cast<rapidjson::SizeType>(value.size()), data.GetAllocator());
      data.AddMember(key, said, data.GetAllocator());
    };
    for (auto& [name, value] : from_.content.data)
      add(name, value);
    if (from_.content.deep_link && from_.content.data.count("deep_link") == 0)
      add("deep_link", *from_.content.deep_link);
    if (!data.ObjectEmpty()) set(document_, "data", text(json::to_text(data)));
  }

  void add_notification() {
    auto& content = from_.content;
    Value notification(rapidjson::kObjectType);
    set(notification, "title", content.title);
    set(notification, "body", content.body);
    set(notification, "image", content.image_url);
    if (!notification.ObjectEmpty()) set(document_, "notification", std::move(notification));
  }

  void add_android() {
    auto& content = from_.content;
    Value android(rapidjson::kObjectType);
    auto left = std::clamp<int64_t>((from_.expires_at - now_) / 1000, 1, longest_ttl_seconds);
    set(android, "ttl", text(std::to_string(left) + "s"));
    if (auto number = collapse_number()) set(android, "collapse_key", Value(*number));
    if (shows_something()) {
      Value notification(rapidjson::kObjectType);
      set(notification, "title", content.title);
      set(notification, "body", content.body);
      set(notification, "image", content.image_url);
      set(notification, "sound", content.sound);
      set(notification, "click_action", click_action());
      if (content.badge) {
        Value badge(rapidjson::kObjectType);
        set(badge, "set_num", Value(*content.badge));
        set(notification, "badge", std::move(badge));
      }
      set(android, "notification", std::move(notification));
    }
    set(document_, "android", std::move(android));
  }

  Value click_action() {
    Value action(rapidjson::kObjectType);
    auto& link = from_.content.deep_link;
    bool page = link && link->rfind("https://", 0) == 0;
    set(action, "type", Value(!link ? 3 : page ? 2 : 1));
    if (link) set(action, page ? "url" : "intent", text(*link));
    return action;
  }

  std::optional<int> collapse_number() const {
    if (!from_.collapse_key) return std::nullopt;
    auto& key = *from_.collapse_key;
    int number = 0;
    auto [stop, fault] = std::from_chars(key.data(), key.data() + key.size(), number);
    bool good = fault == std::errc() && stop == key.data() + key.size() && number >= -1 && number <= 100;
    return good ? std::optional(number) : std::nullopt;
  }

  const message& from_;
  utc_ms now_;
  Document document_;
};

const Value* member(const Value* object, const char* name) {
  return object ? json::find(*object, name) : nullptr;
}

result<void> check_size(size_t bytes, size_t most) {
  if (bytes <= most) return {};
  return error{errc::payload_too_large,
               "the push for hms would have " + std::to_string(bytes) + " bytes; Huawei allows " +
                   std::to_string(most),
               "/content", 0};
}

std::string suffix_of(const std::string& object) {
  return (object.size() > 2 ? "]," : "]") + object.substr(1) + "}";
}

result<std::string> object_of(const message& content, utc_ms now) {
  auto built = message_builder(content, now).build();
  if (!built) return std::move(built).failure();
  return json::to_text(*built);
}

}  // namespace

hms_target hms_target_of(std::string_view push_token) {
  for (std::string_view group : {"topic", "condition"})
    if (push_token.size() > group.size() && push_token[group.size()] == ':' &&
        push_token.substr(0, group.size()) == group)
      return {group, push_token.substr(group.size() + 1)};
  return {{}, push_token};
}

std::string hms_group_prefix(std::string_view group, bool validate_only) {
  return std::string(R"({"validate_only":)") + (validate_only ? "true" : "false") + R"(,"message":{")" +
         std::string(group) + R"(":")";
}

result<std::string> render_hms_suffix(const message& content, utc_ms now) {
  auto object = object_of(content, now);
  if (!object) return object;
  return suffix_of(*object);
}

result<std::string> render_hms_suffix(const message& content, utc_ms now, size_t most) {
  auto object = object_of(content, now);
  if (!object) return object;
  if (auto fits = check_size(object->size(), most); !fits) return fits.failure();
  return suffix_of(*object);
}

result<size_t> hms_message_size(const message& content, utc_ms now) {
  auto object = object_of(content, now);
  if (!object) return object.failure();
  return object->size();
}

result<void> check_hms_message(const message& content) {
  auto built = message_builder(content, content.expires_at - longest_ttl_seconds * 1000).build();
  if (!built) {
    auto failure = std::move(built).failure();
    failure.code = errc::invalid_field;
    return failure;
  }
  for (const char* target : {"token", "topic", "condition"})
    if (member(&*built, target) != nullptr)
      return error{errc::invalid_field, "the audience says whom to reach", json::pointer("/hms", target), 0};
  if (auto* data = member(&*built, "data"); data != nullptr && !data->IsString())
    return error{errc::invalid_field, "Huawei takes data as one text", "/hms/data", 0};
  auto* android = member(&*built, "android");
  auto* notification = member(android, "notification");
  if (notification != nullptr && member(notification, "click_action") == nullptr)
    return error{errc::invalid_field, "Huawei demands what a tap does",
                 "/hms/android/notification/click_action", 0};
  // With blanks it is neither shorter nor longer than with values: see check_for_gateways().
  if (!content.blanks.empty()) return {};
  return check_size(json::to_text(*built).size(), hms_message_bytes);
}

}  // namespace pusher
