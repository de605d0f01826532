#include "transports/fcm/payload.hpp"

#include <algorithm>
#include <initializer_list>

#include <rapidjson/document.h>

#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher {

namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr size_t web_push_topic_bytes = 32;  // RFC 8030, section 5.4
constexpr std::string_view https = "https://";

/// Builds the `message` object of one request, without its token.
class message_builder {
 public:
  message_builder(const message& from, utc_ms now) : from_(from), now_(now) { document_.SetObject(); }

  result<Document> build() {
    add_notification();
    add_data();
    add_android();
    add_apns();
    add_webpush();
    for (auto [name, text] : {std::pair("android", &from_.android), std::pair("apns", &from_.apns),
                              std::pair("webpush", &from_.webpush)})
      if (auto merged = merge_override(name, *text); !merged) return merged.failure();
    return std::move(document_);
  }

 private:
  Document::AllocatorType& pool() { return document_.GetAllocator(); }

  Value text(std::string_view value) {
    return Value(value.data(), static_cast<rapidjson::SizeType>(value.size()), pool());
  }

  void set(Value& object, std::string_view name, Value value) { object.AddMember(text(name), value, pool()); }
  void set(Value& object, std::string_view name, const std::optional<std::string>& value) {
    if (value) set(object, name, text(*value));
  }
  /// Adds the object unless it is empty.
  void set_object(Value& object, std::string_view name, Value value) {
    if (!value.ObjectEmpty()) set(object, name, std::move(value));
  }

  bool shows_something() const {
    auto& content = from_.content;
    return content.title || content.body || content.image_url || content.sound || content.badge;
  }

  int64_t seconds_left() const {
    return std::clamp<int64_t>((from_.expires_at - now_) / 1000, 0, limits::ttl_seconds_max);
  }

  void add_notification() {
    Value notification(rapidjson::kObjectType);
    set(notification, "title", from_.content.title);
    set(notification, "body", from_.content.body);
    set(notification, "image", from_.content.image_url);
    set_object(document_, "notification", std::move(notification));
  }

  void add_data() {
    Value data(rapidjson::kObjectType);
    for (auto& [name, value] : from_.content.data)
      set(data, name, text(value));
    if (from_.content.data.count("deep_link") == 0) set(data, "deep_link", from_.content.deep_link);
    set_object(document_, "data", std::move(data));
  }

  void add_android() {
    Value android(rapidjson::kObjectType);
    set(android, "collapse_key", from_.collapse_key);
    set(android, "ttl", text(std::to_string(seconds_left()) + "s"));
    Value notification(rapidjson::kObjectType);
    set(notification, "sound", from_.content.sound);
    // What is shown already is replaced, too, and not only what waits for the device.
    if (shows_something()) set(notification, "tag", from_.collapse_key);
    if (from_.content.badge) set(notification, "notification_count", Value(*from_.content.badge));
    set_object(android, "notification", std::move(notification));
    set(document_, "android", std::move(android));
  }

  void add_apns() {
    Value headers(rapidjson::kObjectType);
    set(headers, "apns-expiration", text(std::to_string(from_.expires_at / 1000)));
    set(headers, "apns-collapse-id", from_.collapse_key);
    Value aps(rapidjson::kObjectType);
    if (from_.content.badge) set(aps, "badge", Value(*from_.content.badge));
    set(aps, "sound", from_.content.sound);
    if (!shows_something()) {
      set(headers, "apns-priority", text("5"));
      set(headers, "apns-push-type", text("background"));
      set(aps, "content-available", Value(1));
    }
    Value apns(rapidjson::kObjectType);
    set(apns, "headers", std::move(headers));
    Value payload(rapidjson::kObjectType);
    set_object(payload, "aps", std::move(aps));
    set_object(apns, "payload", std::move(payload));
    set(document_, "apns", std::move(apns));
  }

  void add_webpush() {
    Value headers(rapidjson::kObjectType);
    set(headers, "TTL", text(std::to_string(seconds_left())));
    if (from_.collapse_key && is_topic(*from_.collapse_key)) set(headers, "Topic", from_.collapse_key);
    Value notification(rapidjson::kObjectType);
    set(notification, "icon", from_.content.icon_url);
    Value options(rapidjson::kObjectType);
    auto& link = from_.content.deep_link;
    if (link && link->compare(0, https.size(), https) == 0) set(options, "link", link);
    Value webpush(rapidjson::kObjectType);
    set(webpush, "headers", std::move(headers));
    set_object(webpush, "notification", std::move(notification));
    set_object(webpush, "fcm_options", std::move(options));
    set(document_, "webpush", std::move(webpush));
  }

  static bool is_topic(const std::string& value) {
    return value.size() <= web_push_topic_bytes &&
           std::all_of(value.begin(), value.end(), [](unsigned char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                    c == '_';
           });
  }

  result<void> merge_override(const char* name, const std::string& text) {
    if (text.empty()) return {};
    auto parsed = json::parse(text);
    if (!parsed || !parsed->IsObject())
      return error{errc::corrupt_data, std::string("the override for ") + name + " is not a JSON object", "",
                   0};
    json::merge_patch(document_[name], *parsed, pool());
    return {};
  }

  const message& from_;
  utc_ms now_;
  Document document_;
};

bool is_reserved(std::string_view key) {
  auto starts_with = [&](std::string_view prefix) { return key.substr(0, prefix.size()) == prefix; };
  return key == "from" || key == "message_type" || starts_with("google.") || starts_with("gcm.notification.");
}

error reserved(const std::string& pointer) {
  return {errc::invalid_field, "FCM keeps this key for itself; choose another name", pointer, 0};
}

/// `android.data` takes the place of `data` on Android, under the same rules.
result<void> check_android_data(const Document& built) {
  auto& android = built["android"];
  auto data = android.FindMember("data");
  if (data == android.MemberEnd()) return {};
  if (!data->value.IsObject())
    return error{errc::invalid_field, "must be an object of strings", "/android/data", 0};
  for (auto& entry : data->value.GetObject()) {
    auto pointer = json::pointer("/android/data", json::view(entry.name));
    if (is_reserved(json::view(entry.name))) return reserved(pointer);
    if (!entry.value.IsString()) return error{errc::invalid_field, "FCM takes only strings here", pointer, 0};
  }
  return {};
}

size_t text_bytes(const Value& object, std::initializer_list<const char*> members) {
  size_t sum = 0;
  for (const char* name : members)
    if (auto found = object.FindMember(name); found != object.MemberEnd())
      sum += json::to_text(found->value).size();
  return sum;
}

/// Of what reaches one platform, as JSON: what is common to all, and what it is shown itself.
/// Google counts keys and values only, and does not say of what exactly: this is never less.
struct platform_size {
  const char* platform = "";
  size_t bytes = 0;
};

platform_size largest_of(const Document& built) {
  size_t common = text_bytes(built, {"notification", "data"});
  platform_size largest;
  for (const char* platform : {"android", "apns", "webpush"})
    if (auto own = text_bytes(built[platform], {"notification", "data", "payload"});
        common + own > largest.bytes)
      largest = {platform, common + own};
  return largest;
}

result<void> check_size(const Document& built, size_t most) {
  auto [platform, bytes] = largest_of(built);
  if (bytes <= most) return {};
  return error{errc::payload_too_large,
               "the push for " + std::string(platform) + " would have " + std::to_string(bytes) +
                   " bytes; FCM allows " + std::to_string(most),
               "/content", 0};
}

std::string suffix_of(const Document& built) {
  // The object is never empty: android.ttl may be removed by an override, its empty parent stays.
  return "\"," + json::to_text(built).substr(1) + "}";
}

}  // namespace

fcm_target fcm_target_of(std::string_view push_token) {
  for (std::string_view field : {"fid", "topic", "condition"})
    if (push_token.size() > field.size() && push_token[field.size()] == ':' &&
        push_token.substr(0, field.size()) == field)
      return {field, push_token.substr(field.size() + 1)};
  return {"token", push_token};
}

std::string fcm_body_prefix(std::string_view field, bool validate_only) {
  return std::string(validate_only ? R"({"validate_only":true,)" : "{") + R"("message":{")" +
         std::string(field) + R"(":")";
}

result<std::string> render_fcm_suffix(const message& content, utc_ms now) {
  auto built = message_builder(content, now).build();
  if (!built) return std::move(built).failure();
  return suffix_of(*built);
}

result<std::string> render_fcm_suffix(const message& content, utc_ms now, size_t most) {
  auto built = message_builder(content, now).build();
  if (!built) return std::move(built).failure();
  if (auto fits = check_size(*built, most); !fits) return fits.failure();
  return suffix_of(*built);
}

size_t most_fcm_bytes(const fcm_target& target) {
  bool many = target.field == "topic" || target.field == "condition";
  return many ? limits::fcm_topic_message_bytes : limits::fcm_message_bytes;
}

result<size_t> fcm_message_size(const message& content, utc_ms now) {
  auto built = message_builder(content, now).build();
  if (!built) return std::move(built).failure();
  return largest_of(*built).bytes;
}

result<void> check_fcm_message(const message& content) {
  for (auto& entry : content.content.data)
    if (is_reserved(entry.first)) return reserved(json::pointer("/content/data", entry.first));
  // The longest time-to-live makes the largest message.
  auto built = message_builder(content, content.expires_at - int64_t{limits::ttl_seconds_max} * 1000).build();
  if (!built) {
    auto failure = std::move(built).failure();
    failure.code = errc::invalid_field;
    return failure;
  }
  if (auto checked = check_android_data(*built); !checked) return checked;
  // With blanks it is neither shorter nor longer than with values: see check_for_gateways().
  if (!content.blanks.empty()) return {};
  return check_size(*built, limits::fcm_message_bytes);
}

}  // namespace pusher
