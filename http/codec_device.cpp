#include "http/codec_device.hpp"

#include "http/field_reader.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"
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

void read_subscription(field_reader& from, device& into) {
  const auto* object = from.object("subscription");
  if (!object) return;
  field_reader subscription(*object, from.pointer_of("subscription"));
  subscription.require("endpoint");
  subscription.require("keys");
  auto endpoint = subscription.text("endpoint", {limits::push_token_bytes, 1});
  web_push_keys keys;
  if (const auto* inner = subscription.object("keys")) {
    field_reader reader(*inner, subscription.pointer_of("keys"));
    reader.require("p256dh");
    reader.require("auth");
    keys.p256dh = reader.text("p256dh", {256, 1}).value_or("");
    keys.auth = reader.text("auth", {256, 1}).value_or("");
    if (auto done = reader.finish(); !done)
      return from.fail(done.failure().code, "subscription", done.failure().detail);
  }
  // Browsers' own JSON carries it; it says nothing that we need.
  (void)subscription.any("expirationTime");
  if (auto done = subscription.finish(); !done)
    return from.fail(done.failure().code, "subscription", done.failure().detail);
  if (endpoint->rfind("https://", 0) != 0)
    return from.fail(errc::invalid_field, "subscription", "A subscription's endpoint begins with https://.");
  into.push_token = *endpoint;
  into.keys = keys;
}

void read_optional(field_reader& from, device& into) {
  if (auto text = from.text("user_id", {limits::user_id_bytes, 1})) into.user_id = text;
  if (auto text = from.text("locale", {limits::locale_bytes, 1})) into.locale = text;
  if (auto text = from.text("time_zone", {limits::time_zone_bytes, 1})) into.time_zone = text;
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
  if (auto text = from.text("push_token", {limits::push_token_bytes, 1})) made.push_token = *text;
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
  for (char c : device_id)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return wrong("A device_id has no control characters.");
  // Paths bring raw bytes; JSON has checked its own.
  if (!json::parse(json::to_text(rapidjson::Value(rapidjson::StringRef(device_id.data(), device_id.size())))))
    return wrong("A device_id is valid UTF-8.");
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
  return read_device(from, device_id.value_or(""));
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
    if (*value != gateway::webpush) onto.keys.reset();
    onto.gateway = *value;
  }
  if (auto value = word<platform>(from, "platform", parse_platform, "android, ios, web, other"))
    onto.platform = *value;
  if (auto value = word<environment>(from, "environment", parse_environment, "production, sandbox"))
    onto.environment = *value;
  if (auto text = from.text("push_token", {limits::push_token_bytes, 1})) onto.push_token = *text;
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

}  // namespace pusher::http
