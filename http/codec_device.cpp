#include "http/codec_device.hpp"

#include <algorithm>

#include "http/field_reader.hpp"
#include "http/text.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"
#include "model/local_time.hpp"
#include "model/properties.hpp"

namespace pusher::http {

namespace {

/// A field with a closed list of words.
template <class T, class Parse>
std::optional<T> word(field_reader& from, const char* name, Parse parse, const char* choices) {
  auto text = from.text(name, {64, 1});
  if (!text) return std::nullopt;
  auto value = parse(*text);
  if (!value) from.fail(errc::invalid_field, name, std::string("Choose from ") + choices + ".");
  return value;
}

/// Base64url of so many bytes, padded or not.
bool is_base64url(std::string_view text, size_t bytes) {
  while (!text.empty() && text.back() == '=')
    text.remove_suffix(1);
  bool characters = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  return characters && text.size() == (bytes * 8 + 5) / 6;
}

result<web_push_keys> read_web_push_keys(const rapidjson::Value& object, const std::string& pointer) {
  field_reader from(object, pointer);
  from.require("p256dh");
  from.require("auth");
  web_push_keys keys;
  keys.p256dh = from.text("p256dh", {256, 1}).value_or("");
  keys.auth = from.text("auth", {256, 1}).value_or("");
  if (!is_base64url(keys.p256dh, 65))
    from.fail(errc::invalid_field, "p256dh", "This is an uncompressed P-256 point of 65 bytes in base64url.");
  if (!is_base64url(keys.auth, 16)) from.fail(errc::invalid_field, "auth", "This is 16 bytes in base64url.");
  if (auto done = from.finish(); !done) return done.failure();
  return keys;
}

void read_subscription(field_reader& from, device& into) {
  const auto* object = from.object("subscription");
  if (!object) return;
  field_reader subscription(*object, from.pointer_of("subscription"));
  subscription.require("endpoint");
  subscription.require("keys");
  auto endpoint = subscription.text("endpoint", {limits::push_token_bytes, 1}).value_or("");
  if (endpoint.rfind("https://", 0) != 0 || !is_visible_ascii(endpoint))
    subscription.fail(errc::invalid_field, "endpoint",
                      "A subscription's endpoint is a URL that begins with https://.");
  if (const auto* inner = subscription.object("keys")) {
    auto keys = read_web_push_keys(*inner, subscription.pointer_of("keys"));
    if (keys)
      into.keys = std::move(*keys);
    else
      subscription.fail(keys.failure());
  }
  // Browsers' own JSON carries it; it says nothing that we need.
  (void)subscription.any("expirationTime");
  if (auto done = subscription.finish(); !done) return from.fail(done.failure());
  into.push_token = endpoint;
}

void read_push_token(field_reader& from, device& into) {
  auto token = from.text("push_token", {limits::push_token_bytes, 1});
  if (!token) return;
  if (into.gateway == gateway::webpush)
    from.fail(errc::invalid_field, "push_token", "A Web Push device has a \"subscription\" instead.");
  if (!is_visible_ascii(*token))
    from.fail(errc::invalid_field, "push_token", "A push token has visible ASCII characters only.");
  into.push_token = std::move(*token);
}

void read_optional(field_reader& from, device& into) {
  if (auto text = from.text("user_id", {limits::user_id_bytes, 1})) into.user_id = text;
  if (auto text = from.text("locale", {limits::locale_bytes, 1})) into.locale = text;
  if (auto text = from.text("time_zone", {limits::time_zone_bytes, 1})) {
    if (!is_time_zone(*text))
      from.fail(errc::invalid_field, "time_zone",
                "There is no such time zone; name one of the IANA database, e.g. Europe/Berlin.");
    into.time_zone = text;
  }
  if (auto text = from.text("app_version", {limits::app_version_bytes, 1})) into.app_version = text;
}

void check_address(field_reader& from, const device& made) {
  if (made.gateway == gateway::webpush) {
    if (!made.keys)
      from.fail(errc::missing_field, "subscription", "A Web Push device needs its \"subscription\".");
  } else {
    if (made.keys)
      from.fail(errc::invalid_field, "subscription", "Only Web Push devices have a subscription.");
    if (made.push_token.empty()) from.fail(errc::missing_field, "push_token", "\"push_token\" is required.");
  }
  if (made.environment == environment::sandbox && made.gateway != gateway::apns)
    from.fail(errc::invalid_field, "environment", "Only APNs has a sandbox.");
}

result<device> read_device(field_reader& from, std::string device_id) {
  device made;
  made.device_id = std::move(device_id);
  from.require("gateway");
  from.require("platform");
  if (auto value = word<gateway>(from, "gateway", parse_gateway, "fcm, apns, webpush, hms"))
    made.gateway = *value;
  if (auto value = word<platform>(from, "platform", parse_platform, "android, ios, web, other"))
    made.platform = *value;
  if (auto value = word<environment>(from, "environment", parse_environment, "production, sandbox"))
    made.environment = *value;
  read_push_token(from, made);
  read_subscription(from, made);
  read_optional(from, made);
  if (const auto* properties = from.object("properties")) {
    auto checked = checked_properties(*properties, from.pointer_of("properties"));
    if (!checked) return checked.failure();
    made.properties = std::move(*checked);
  }
  check_address(from, made);
  if (auto done = from.finish(); !done) return done.failure();
  return made;
}

}  // namespace

result<void> check_device_id(const std::string& device_id) {
  auto wrong = [](std::string detail) {
    return error{errc::invalid_field, std::move(detail), "/device_id", 0};
  };
  if (device_id.empty() || device_id.size() > limits::device_id_bytes)
    return wrong("A device_id has 1 to " + std::to_string(limits::device_id_bytes) + " bytes.");
  if (!is_plain_text(device_id)) return wrong("A device_id is UTF-8 without control characters.");
  return {};
}

result<device> parse_device(const rapidjson::Value& body, const std::string& device_id) {
  if (auto good = check_device_id(device_id); !good) return good.failure();
  field_reader from(body, "");
  return read_device(from, device_id);
}

result<device> parse_imported_device(const rapidjson::Value& body) {
  field_reader from(body, "");
  from.require("device_id");
  auto device_id = from.text("device_id", {limits::device_id_bytes, 1});
  if (device_id)
    if (auto good = check_device_id(*device_id); !good) return good.failure();
  return read_device(from, device_id.value_or(""));
}

result<device> parse_token_query(const rapidjson::Value& body) {
  field_reader from(body, "");
  device wanted;
  from.require("gateway");
  from.require("push_token");
  if (auto value = word<gateway>(from, "gateway", parse_gateway, "fcm, apns, webpush, hms"))
    wanted.gateway = *value;
  if (auto value = word<environment>(from, "environment", parse_environment, "production, sandbox"))
    wanted.environment = *value;
  // A Web Push device has its subscription's endpoint in place of a token.
  wanted.push_token = from.text("push_token", {limits::push_token_bytes, 1}).value_or("");
  if (auto done = from.finish(); !done) return done.failure();
  return wanted;
}

result<void> patch_device(device& onto, const rapidjson::Value& patch) {
  field_reader from(patch, "");
  auto removed = [&patch](const char* name) {
    auto found = patch.FindMember(name);
    return found != patch.MemberEnd() && found->value.IsNull();
  };
  if (patch.IsObject()) {
    for (const char* name :
         {"gateway", "platform", "push_token", "environment", "subscription", "properties"})
      if (removed(name))
        from.fail(errc::invalid_field, name, std::string("\"") + name + "\" cannot be removed.");
    if (removed("user_id")) onto.user_id.reset();
    if (removed("locale")) onto.locale.reset();
    if (removed("time_zone")) onto.time_zone.reset();
    if (removed("app_version")) onto.app_version.reset();
  }
  if (auto value = word<gateway>(from, "gateway", parse_gateway, "fcm, apns, webpush, hms")) {
    // An address of one gateway means nothing to another: the patch has to bring the new one.
    if (*value != onto.gateway) onto.push_token.clear(), onto.keys.reset();
    onto.gateway = *value;
  }
  if (auto value = word<platform>(from, "platform", parse_platform, "android, ios, web, other"))
    onto.platform = *value;
  if (auto value = word<environment>(from, "environment", parse_environment, "production, sandbox"))
    onto.environment = *value;
  read_push_token(from, onto);
  read_subscription(from, onto);
  read_optional(from, onto);
  if (const auto* properties = from.object("properties")) {
    auto merged = merged_properties(onto.properties, *properties, from.pointer_of("properties"));
    if (!merged) return merged.failure();
    onto.properties = std::move(*merged);
  }
  check_address(from, onto);
  return from.finish();
}

void write_device(json_text& out, const stored_device& from) {
  const auto& value = from.value;
  out.open();
  out.field("device_id", value.device_id);
  out.field("gateway", to_string(value.gateway));
  out.field("platform", to_string(value.platform));
  if (value.gateway == gateway::apns) out.field("environment", to_string(value.environment));
  auto shown =
      value.push_token.size() > 8 ? value.push_token.substr(value.push_token.size() - 4) : std::string();
  out.field("push_token", "…" + shown);
  out.field("user_id", value.user_id);
  out.field("locale", value.locale);
  out.field("time_zone", value.time_zone);
  out.field("app_version", value.app_version);
  out.raw("properties", value.properties);
  out.field("enabled", from.disabled_at == 0);
  if (from.disabled_at != 0) {
    out.field("disabled_reason", to_string(from.disabled));
    out.time("disabled_at", from.disabled_at);
  }
  out.time("created_at", from.created_at);
  out.time("updated_at", from.updated_at);
  out.time("last_seen_at", from.last_seen_at);
  out.time("token_registered_at", from.token_registered_at);
  out.close();
}

void write_exported_device(json_text& out, const device& from) {
  out.open();
  out.field("device_id", from.device_id);
  out.field("gateway", to_string(from.gateway));
  out.field("platform", to_string(from.platform));
  if (from.gateway == gateway::apns) out.field("environment", to_string(from.environment));
  if (from.keys) {
    out.key("subscription");
    out.open();
    out.field("endpoint", from.push_token);
    out.key("keys");
    out.open();
    out.field("p256dh", from.keys->p256dh);
    out.field("auth", from.keys->auth);
    out.close();
    out.close();
  } else {
    out.field("push_token", from.push_token);
  }
  out.field("user_id", from.user_id);
  out.field("locale", from.locale);
  out.field("time_zone", from.time_zone);
  out.field("app_version", from.app_version);
  out.raw("properties", from.properties);
  out.close();
}

}  // namespace pusher::http
