#include "model/credential.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "model/hex.hpp"
#include "model/json_members.hpp"

namespace pusher {

namespace {

struct member {
  const char* name;
  std::string credential_content::*place;
};
constexpr member members[] = {
    {"service_account", &credential_content::service_account},
    {"key", &credential_content::key},
    {"key_id", &credential_content::key_id},
    {"team_id", &credential_content::team_id},
    {"topic", &credential_content::topic},
    {"certificate", &credential_content::certificate},
    {"certificate_password", &credential_content::certificate_password},
    {"vapid_key", &credential_content::vapid_key},
    {"subject", &credential_content::subject},
    {"app_id", &credential_content::app_id},
    {"app_secret", &credential_content::app_secret},
    {"project_id", &credential_content::project_id},
};

/// PKCS #12 is bytes, and JSON is text.
bool is_bytes(const member& which) {
  return which.place == &credential_content::certificate;
}

}  // namespace

std::string to_text(const credential_content& content) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  auto put = [&](const char* name, std::string_view value) {
    writer.Key(name);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  put("gateway", to_string(content.gateway));
  for (const auto& each : members) {
    const auto& value = content.*each.place;
    if (!value.empty()) put(each.name, is_bytes(each) ? to_hex(value) : value);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

result<credential_content> parse_credential_content(std::string_view text) {
  auto parsed = json::parse(text);
  error unreadable{errc::corrupt_data, "a credential's content cannot be read", "", 0};
  if (!parsed || !parsed->IsObject()) return unreadable;
  auto named = [&](const char* name) { return json::view_at(*parsed, name); };
  auto of = parse_gateway(named("gateway"));
  if (!of) return unreadable;
  credential_content content;
  content.gateway = *of;
  for (const auto& each : members)
    content.*each.place = is_bytes(each) ? from_hex(named(each.name)) : std::string(named(each.name));
  return content;
}

std::string seal_context_of(const credential& of) {
  return "credential " + of.id + " " + std::to_string(of.application.value) + " " +
         std::string(to_string(of.gateway));
}

}  // namespace pusher
