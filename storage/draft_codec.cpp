#include "storage/draft_codec.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "model/json.hpp"

namespace pusher {

namespace {

using buffer = rapidjson::StringBuffer;
using writer = rapidjson::Writer<buffer>;

void put(writer& to, std::string_view key, std::string_view value) {
  to.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  to.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put(writer& to, const char* key, const std::optional<std::string>& value) {
  if (value) put(to, key, std::string_view(*value));
}

void put_unless_empty(writer& to, const char* key, const std::string& value) {
  if (!value.empty()) put(to, key, std::string_view(value));
}

void put(writer& to, const content& value) {
  put(to, "title", value.title);
  put(to, "body", value.body);
  put(to, "image_url", value.image_url);
  put(to, "icon_url", value.icon_url);
  put(to, "deep_link", value.deep_link);
  put(to, "sound", value.sound);
  if (value.badge) {
    to.Key("badge");
    to.Int(*value.badge);
  }
  to.Key("data");
  to.StartObject();
  for (const auto& [key, text] : value.data)
    put(to, std::string_view(key), std::string_view(text));
  to.EndObject();
}

void put(writer& to, const char* key, const std::vector<std::string>& values) {
  to.Key(key);
  to.StartArray();
  for (const auto& each : values)
    to.String(each.data(), static_cast<rapidjson::SizeType>(each.size()));
  to.EndArray();
}

void put(writer& to, const std::vector<audience_targets::target>& targets) {
  to.Key("targets");
  to.StartArray();
  for (const auto& each : targets) {
    to.StartObject();
    put(to, "device_id", std::string_view(each.device_id));
    put(to, "variables", std::string_view(each.variables));
    to.EndObject();
  }
  to.EndArray();
}

/// Finished text of an object that `fill` writes.
template <class Fill>
std::string object(Fill fill) {
  buffer text;
  writer to(text);
  to.StartObject();
  fill(to);
  to.EndObject();
  return {text.GetString(), text.GetSize()};
}

error unreadable(const char* what) {
  return {errc::corrupt_data, std::string("The stored ") + what + " of a notification cannot be read", "", 0};
}

void get(const rapidjson::Value& from, const char* key, std::optional<std::string>& to) {
  auto at = from.FindMember(key);
  if (at != from.MemberEnd() && at->value.IsString()) to = std::string(json::view(at->value));
}

void get(const rapidjson::Value& from, const char* key, std::string& to) {
  auto at = from.FindMember(key);
  if (at != from.MemberEnd() && at->value.IsString()) to = std::string(json::view(at->value));
}

void get(const rapidjson::Value& from, content& to) {
  get(from, "title", to.title);
  get(from, "body", to.body);
  get(from, "image_url", to.image_url);
  get(from, "icon_url", to.icon_url);
  get(from, "deep_link", to.deep_link);
  get(from, "sound", to.sound);
  if (auto at = from.FindMember("badge"); at != from.MemberEnd() && at->value.IsInt())
    to.badge = at->value.GetInt();
  auto data = from.FindMember("data");
  if (data == from.MemberEnd() || !data->value.IsObject()) return;
  for (const auto& each : data->value.GetObject())
    if (each.value.IsString())
      to.data.emplace(std::string(json::view(each.name)), std::string(json::view(each.value)));
}

bool get(const rapidjson::Value& from, std::vector<std::string>& to) {
  if (!from.IsArray()) return false;
  to.reserve(from.Size());
  for (const auto& each : from.GetArray()) {
    if (!each.IsString()) return false;
    to.emplace_back(json::view(each));
  }
  return true;
}

bool get(const rapidjson::Value& from, std::vector<audience_targets::target>& to) {
  if (!from.IsArray()) return false;
  for (const auto& each : from.GetArray()) {
    if (!each.IsObject()) return false;
    auto& made = to.emplace_back();
    get(each, "device_id", made.device_id);
    get(each, "variables", made.variables);
  }
  return true;
}

}  // namespace

std::string encode_draft(const notification_draft& draft) {
  return object([&](writer& to) {
    to.Key("content");
    to.StartObject();
    put(to, draft.content);
    to.EndObject();
    if (!draft.localizations.empty()) {
      to.Key("localizations");
      to.StartObject();
      for (const auto& each : draft.localizations) {
        to.Key(each.locale.data(), static_cast<rapidjson::SizeType>(each.locale.size()));
        to.StartObject();
        put(to, each.content);
        to.EndObject();
      }
      to.EndObject();
    }
    put_unless_empty(to, "android", draft.android);
    put_unless_empty(to, "apns", draft.apns);
    put_unless_empty(to, "webpush", draft.webpush);
    put_unless_empty(to, "hms", draft.hms);
    put(to, "collapse_key", draft.collapse_key);
    if (draft.rate_per_second > 0) {
      to.Key("rate_per_second");
      to.Uint(draft.rate_per_second);
    }
    to.Key("allow_duplicates");
    to.Bool(draft.allow_duplicates);
    put_unless_empty(to, "trace_parent", draft.trace_parent);
    if (draft.local_time) {
      put(to, "local_time", std::string_view(to_text(*draft.local_time)));
      put(to, "default_time_zone", std::string_view(draft.default_time_zone));
    }
  });
}

result<void> decode_draft(std::string_view text, notification_draft& draft) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return unreadable("content");
  auto content = parsed->FindMember("content");
  if (content == parsed->MemberEnd() || !content->value.IsObject()) return unreadable("content");
  get(content->value, draft.content);
  draft.localizations.clear();
  if (auto all = parsed->FindMember("localizations"); all != parsed->MemberEnd() && all->value.IsObject())
    for (const auto& each : all->value.GetObject()) {
      auto& made = draft.localizations.emplace_back();
      made.locale = json::view(each.name);
      if (each.value.IsObject()) get(each.value, made.content);
    }
  get(*parsed, "android", draft.android);
  get(*parsed, "apns", draft.apns);
  get(*parsed, "webpush", draft.webpush);
  get(*parsed, "hms", draft.hms);
  get(*parsed, "collapse_key", draft.collapse_key);
  get(*parsed, "trace_parent", draft.trace_parent);
  auto rate = parsed->FindMember("rate_per_second");
  draft.rate_per_second = rate != parsed->MemberEnd() && rate->value.IsUint() ? rate->value.GetUint() : 0;
  std::optional<std::string> local;
  get(*parsed, "local_time", local);
  if (local) draft.local_time = parse_wall_time(*local);
  get(*parsed, "default_time_zone", draft.default_time_zone);
  auto duplicates = parsed->FindMember("allow_duplicates");
  draft.allow_duplicates = duplicates != parsed->MemberEnd() && duplicates->value.IsTrue();
  return {};
}

std::string encode_audience(const audience& value) {
  return object([&](writer& to) {
    if (const auto* where = std::get_if<audience_condition>(&value)) {
      put(to, "condition", std::string_view(where->json));
    } else if (const auto* segment = std::get_if<audience_segment>(&value)) {
      put(to, "segment", std::string_view(segment->name));
    } else if (const auto* devices = std::get_if<audience_device_ids>(&value)) {
      put(to, "device_ids", devices->ids);
    } else if (const auto* users = std::get_if<audience_user_ids>(&value)) {
      put(to, "user_ids", users->ids);
    } else if (const auto* brought = std::get_if<audience_targets>(&value)) {
      put(to, brought->targets);
    } else {
      to.Key("all");
      to.Bool(true);
    }
  });
}

result<audience> decode_audience(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject() || parsed->MemberCount() != 1) return unreadable("audience");
  const auto& only = *parsed->MemberBegin();
  auto kind = json::view(only.name);
  audience value;
  bool known = true;
  if (kind == "condition" && only.value.IsString())
    value.emplace<audience_condition>().json = json::view(only.value);
  else if (kind == "segment" && only.value.IsString())
    value.emplace<audience_segment>().name = json::view(only.value);
  else if (kind == "device_ids")
    known = get(only.value, value.emplace<audience_device_ids>().ids);
  else if (kind == "user_ids")
    known = get(only.value, value.emplace<audience_user_ids>().ids);
  else if (kind == "targets")
    known = get(only.value, value.emplace<audience_targets>().targets);
  else
    known = kind == "all";
  if (!known) return unreadable("audience");
  return value;
}

}  // namespace pusher
