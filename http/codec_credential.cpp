#include "http/codec_credential.hpp"

#include <algorithm>

#include "http/field_reader.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

constexpr field_reader::text_rule name_rule{limits::credential_name_bytes, 1};
constexpr field_reader::text_rule id_rule{64, 1};
constexpr field_reader::text_rule key_rule{16 * 1024, 1, true};
constexpr field_reader::text_rule certificate_rule{128 * 1024, 1, true};
constexpr field_reader::text_rule password_rule{1024, 0};

template <class Fits>
bool all_of(const std::string& text, Fits fits) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return fits(static_cast<unsigned char>(c)); });
}

bool is_apple_id(const std::string& text) {
  return text.size() == 10 &&
         all_of(text, [](unsigned char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

bool is_bundle_id(const std::string& text) {
  return all_of(text, [](unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool is_digits(const std::string& text) {
  return all_of(text, [](unsigned char c) { return c >= '0' && c <= '9'; });
}

std::string required(field_reader& from, const char* name, const field_reader::text_rule& rule) {
  from.require(name);
  return from.text(name, rule).value_or("");
}

void read_fcm(field_reader& from, credential_content& into) {
  from.require("service_account");
  if (const auto* account = from.object("service_account")) into.service_account = json::to_text(*account);
}

void read_environments(field_reader& from, credential_draft& into) {
  auto given = from.texts("environments", 2, {16, 1});
  if (!given) return;
  into.environments_given = true;
  into.production = into.sandbox = false;
  for (const auto& each : *given) {
    auto parsed = parse_environment(each);
    if (!parsed) return from.fail(errc::invalid_field, "environments", "Choose from production, sandbox.");
    (*parsed == environment::sandbox ? into.sandbox : into.production) = true;
  }
  if (given->empty()) from.fail(errc::invalid_field, "environments", "Name production, sandbox or both.");
}

void read_apns_key(field_reader& from, credential_content& into) {
  into.key_id = required(from, "key_id", id_rule);
  into.team_id = required(from, "team_id", id_rule);
  if (!is_apple_id(into.key_id))
    from.fail(errc::invalid_field, "key_id",
              "This has 10 capital letters and digits; it is in the name of Apple's .p8 file.");
  if (!is_apple_id(into.team_id))
    from.fail(errc::invalid_field, "team_id",
              "This has 10 capital letters and digits; the developer account's membership page shows it.");
}

void read_apns(field_reader& from, credential_draft& into) {
  auto& content = into.content;
  content.key = from.text("key", key_rule).value_or("");
  content.certificate = from.text("certificate", certificate_rule).value_or("");
  if (content.key.empty() == content.certificate.empty())
    from.fail(errc::invalid_field, content.key.empty() ? "key" : "certificate",
              "Give either \"key\", Apple's .p8 file, or \"certificate\".");
  content.topic = required(from, "topic", {255, 1});
  if (!is_bundle_id(content.topic))
    from.fail(errc::invalid_field, "topic", "This is the app's bundle id, e.g. com.example.app.");
  if (content.certificate.empty())
    read_apns_key(from, content);
  else
    content.certificate_password = from.text("certificate_password", password_rule).value_or("");
  read_environments(from, into);
}

void read_web_push(field_reader& from, credential_content& into) {
  into.vapid_key = required(from, "vapid_key", key_rule);
  into.subject = required(from, "subject", {255, 1});
}

void read_hms(field_reader& from, credential_content& into) {
  into.app_id = required(from, "app_id", id_rule);
  into.app_secret = required(from, "app_secret", {1024, 1});
  into.project_id = from.text("project_id", id_rule).value_or("");
  if (!is_digits(into.app_id))
    from.fail(errc::invalid_field, "app_id", "An app id of Huawei has digits only.");
  if (!is_digits(into.project_id))
    from.fail(errc::invalid_field, "project_id", "A project id of Huawei has digits only.");
}

}  // namespace

result<credential_draft> read_credential(const rapidjson::Value& body) {
  field_reader from(body, "");
  credential_draft draft;
  draft.name = required(from, "name", name_rule);
  auto of = parse_gateway(required(from, "gateway", id_rule));
  if (!of) from.fail(errc::invalid_field, "gateway", "Choose from fcm, apns, webpush, hms.");
  draft.activate = from.flag("activate").value_or(false);
  draft.content.gateway = of.value_or(gateway::fcm);
  switch (draft.content.gateway) {
    case gateway::fcm:
      read_fcm(from, draft.content);
      break;
    case gateway::apns:
      read_apns(from, draft);
      break;
    case gateway::webpush:
      read_web_push(from, draft.content);
      break;
    case gateway::hms:
      read_hms(from, draft.content);
      break;
  }
  if (auto good = from.finish(); !good) return good.failure();
  return draft;
}

result<credential_change> read_credential_change(const rapidjson::Value& body) {
  field_reader from(body, "");
  credential_change change;
  change.name = from.text("name", name_rule);
  change.active = from.flag("active");
  if (auto good = from.finish(); !good) return good.failure();
  return change;
}

void write_credential(json_text& out, const shown_credential& from) {
  const auto& value = from.value;
  out.open();
  out.field("id", value.id);
  out.field("name", value.name);
  out.field("gateway", to_string(value.gateway));
  if (value.gateway == gateway::apns) {
    out.key("environments");
    out.open_list();
    if (value.production) out.value(to_string(environment::production));
    if (value.sandbox) out.value(to_string(environment::sandbox));
    out.close_list();
  }
  out.field("active", value.active);
  out.field("in_use", from.in_use);
  out.raw("details", value.facts);
  out.time("expires_at", value.expires_at);
  out.time("created_at", value.created_at);
  out.time("updated_at", value.updated_at);
  out.time("activated_at", value.activated_at);
  out.time("verified_at", value.verified_at);
  if (!value.last_error.empty()) {
    out.key("last_error");
    out.open();
    out.field("detail", value.last_error);
    out.time("at", value.last_error_at);
    out.close();
  }
  if (!from.trouble.empty()) out.field("trouble", from.trouble);
  if (value.expires_at != 0) out.integer("expires_in_days", from.expires_in_days);
  out.close();
}

}  // namespace pusher::http
