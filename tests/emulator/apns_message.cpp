#include "tests/emulator/apns_message.hpp"

#include <algorithm>

#include "tests/emulator/json_text.hpp"

namespace pusher::emulator {

namespace {

constexpr size_t payload_limit_bytes = 4096;
constexpr size_t voip_payload_limit_bytes = 5120;
constexpr size_t collapse_id_limit_bytes = 64;
constexpr size_t expiration_limit_digits = 19;

struct push_type {
  std::string_view name;
  std::string_view topic_suffix;
};

constexpr push_type push_types[] = {
    {"alert", ""},
    {"background", ""},
    {"voip", ".voip"},
    {"complication", ".complication"},
    {"fileprovider", ".pushkit.fileprovider"},
    {"mdm", ""},
    {"location", ".location-query"},
    {"liveactivity", ".push-type.liveactivity"},
    {"pushtotalk", ".voip-ptt"},
    {"widgets", ".push-type.widgets"},
    {"controls", ".push-type.controls"},
};

const push_type* find_push_type(std::string_view name) {
  for (const auto& each : push_types)
    if (each.name == name) return &each;
  return nullptr;
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool any_repeated(const request& asked) {
  if (asked.authorization_repeated) return true;
  const auto& all = asked.headers;
  for (auto each = all.begin(); each != all.end(); ++each)
    if (std::any_of(all.begin(), each, [&](const auto& earlier) { return earlier.name == each->name; }))
      return true;
  return false;
}

std::string_view judge_topic(const request& asked, const push_type& type, std::string_view bundle) {
  auto given = asked.headers.find("apns-topic");
  // With a certificate the topic is by default the certificate's.
  if (!given && asked.authorization.empty()) return type.topic_suffix.empty() ? "" : "DeviceTokenNotForTopic";
  if (!given || given->empty()) return "MissingTopic";
  std::string_view topic = *given;
  if (topic.substr(0, bundle.size()) != bundle) return "BadTopic";
  return topic.substr(bundle.size()) == type.topic_suffix ? "" : "DeviceTokenNotForTopic";
}

std::string_view judge_headers(const request& asked, const push_type& type) {
  const auto& headers = asked.headers;
  auto priority = headers.find("apns-priority");
  if (priority && *priority != "10" && *priority != "5" && *priority != "1") return "BadPriority";
  // The default is 10, which APNs does not take for a background push.
  if (type.name == "background" && (!priority || *priority != "5")) return "BadPriority";
  if (auto expiration = headers.find("apns-expiration"))
    if (expiration->empty() || expiration->size() > expiration_limit_digits || !all_digits(*expiration))
      return "BadExpirationDate";
  if (auto id = headers.find("apns-id"); id && !is_uuid(*id)) return "BadMessageId";
  if (auto collapse_id = headers.find("apns-collapse-id"))
    if (collapse_id->empty() || collapse_id->size() > collapse_id_limit_bytes) return "BadCollapseId";
  return {};
}

std::string_view judge_payload(const request& asked, const push_type& type) {
  if (asked.body.empty() && !asked.body_too_large) return "PayloadEmpty";
  size_t limit = type.name == "voip" ? voip_payload_limit_bytes : payload_limit_bytes;
  if (asked.body_too_large || asked.body.size() > limit) return "PayloadTooLarge";
  rapidjson::Document payload;
  // Apple names no reason for what is no payload at all; this is the nearest of its list.
  if (!parse_object(asked.body, payload)) return "PayloadEmpty";
  if (type.name == "mdm") return text_member(&payload, "mdm").empty() ? "PayloadEmpty" : "";
  auto aps = member_of(&payload, "aps");
  return aps && aps->IsObject() ? "" : "PayloadEmpty";
}

}  // namespace

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

std::string_view judge_apns_message(const request& asked, std::string_view bundle) {
  if (any_repeated(asked)) return "DuplicateHeaders";
  auto type_name = asked.headers.find("apns-push-type");
  auto type = type_name ? find_push_type(*type_name) : nullptr;
  if (!type) return "InvalidPushType";
  if (type->name == "location" && asked.authorization.empty()) return "InvalidPushType";
  if (auto reason = judge_headers(asked, *type); !reason.empty()) return reason;
  if (auto reason = judge_topic(asked, *type, bundle); !reason.empty()) return reason;
  return judge_payload(asked, *type);
}

}  // namespace pusher::emulator
