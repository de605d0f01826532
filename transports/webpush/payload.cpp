#include "transports/webpush/payload.hpp"

#include <algorithm>
#include <charconv>

#include <rapidjson/document.h>

#include "model/device.hpp"
#include "model/json.hpp"
#include "transports/base64url.hpp"
#include "transports/webpush/encryption.hpp"

namespace pusher {

namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr size_t topic_bytes = 32;  // RFC 8030, section 5.4

error bad_header(const char* name, std::string detail) {
  return {errc::invalid_field, std::move(detail), json::pointer("/webpush/headers", name), 0};
}

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= topic_bytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                  c == '_';
         });
}

std::string as_topic(const std::string& key) {
  if (is_topic(key)) return key;
  auto hash = sha256(key);
  return to_base64url({reinterpret_cast<const char*>(hash.data()), 24});
}

class text_builder {
 public:
  explicit text_builder(const message& from) : from_(from) { document_.SetObject(); }

  Document build(const Value* given) {
    auto& content = from_.content;
    Value notification(rapidjson::kObjectType);
    set(notification, "title", content.title);
    set(notification, "body", content.body);
    set(notification, "image", content.image_url);
    set(notification, "icon", content.icon_url);
    if (content.badge) notification.AddMember("badge", *content.badge, memory());
    Value data(rapidjson::kObjectType);
    for (auto& [name, value] : content.data)
      set(data, name, std::optional(value));
    if (content.data.count("deep_link") == 0) set(data, "deep_link", content.deep_link);
    if (!notification.ObjectEmpty()) document_.AddMember("notification", notification, memory());
    if (!data.ObjectEmpty()) document_.AddMember("data", data, memory());
    if (given != nullptr) {
      json::merge_patch(document_, *given, memory());
      document_.RemoveMember("headers");
    }
    return std::move(document_);
  }

 private:
  Document::AllocatorType& memory() { return document_.GetAllocator(); }
  void set(Value& object, const std::string& name, const std::optional<std::string>& value) {
    if (!value) return;
    Value key(name.data(), static_cast<rapidjson::SizeType>(name.size()), memory());
    Value text(value->data(), static_cast<rapidjson::SizeType>(value->size()), memory());
    object.AddMember(key, text, memory());
  }

  const message& from_;
  Document document_;
};

/// Takes the headers of the override over. Their names are matched without case, as HTTP does.
result<void> take_headers(const Value& headers, web_push_message& into) {
  for (auto& each : headers.GetObject()) {
    std::string name(json::view(each.name));
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!each.value.IsString()) return bad_header(name.c_str(), "headers are texts");
    auto value = json::view(each.value);
    if (lower == "ttl") {
      auto [stop, fault] = std::from_chars(value.data(), value.data() + value.size(), into.ttl_seconds);
      if (fault != std::errc() || stop != value.data() + value.size())
        return bad_header(name.c_str(), "is a number of seconds");
    } else if (lower == "urgency") {
      if (value != "very-low" && value != "low" && value != "normal" && value != "high")
        return bad_header(name.c_str(), "is very-low, low, normal or high");
      into.urgency = value;
    } else if (lower == "topic") {
      if (!is_topic(value))
        return bad_header(name.c_str(), "has 1 to 32 letters, digits, dashes and underscores");
      into.topic = value;
    }
  }
  return {};
}

}  // namespace

result<web_push_message> render_web_push(const message& content, utc_ms now) {
  Document given;
  given.SetObject();
  if (!content.webpush.empty()) {
    auto parsed = json::parse(content.webpush);
    if (!parsed || !parsed->IsObject())
      return error{errc::corrupt_data, "the webpush override is not a JSON object", "", 0};
    given = *std::move(parsed);
  }
  web_push_message made;
  auto left = std::clamp<int64_t>((content.expires_at - now) / 1000, 0, limits::ttl_seconds_max);
  made.ttl_seconds = static_cast<uint32_t>(left);
  if (content.collapse_key) made.topic = as_topic(*content.collapse_key);
  if (auto headers = given.FindMember("headers"); headers != given.MemberEnd() && !headers->value.IsNull()) {
    if (!headers->value.IsObject())
      return error{errc::invalid_field, "is an object of texts", "/webpush/headers", 0};
    if (auto taken = take_headers(headers->value, made); !taken) return taken.failure();
    // Never longer than the notification lives.
    made.ttl_seconds = std::min(made.ttl_seconds, static_cast<uint32_t>(left));
  }
  made.text = json::to_text(text_builder(content).build(&given));
  if (content.blanks.empty() && made.text.size() > web_push_plaintext_bytes)
    return error{errc::payload_too_large,
                 "the push for webpush would have " + std::to_string(made.text.size()) + " bytes; " +
                     std::to_string(web_push_plaintext_bytes) + " fit into an encrypted message",
                 "/content", 0};
  return made;
}

result<void> check_web_push_message(const message& content) {
  auto rendered = render_web_push(content, content.expires_at - int64_t{limits::ttl_seconds_max} * 1000);
  if (rendered) return {};
  auto failure = std::move(rendered).failure();
  if (failure.code == errc::corrupt_data) failure.code = errc::invalid_field;
  return failure;
}

}  // namespace pusher
