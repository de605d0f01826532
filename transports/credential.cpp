#include "transports/credential.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "transports/apns/transport.hpp"
#include "transports/base64url.hpp"
#include "transports/fcm/transport.hpp"
#include "transports/hms/transport.hpp"
#include "transports/origin.hpp"
#include "transports/service_account.hpp"
#include "transports/webpush/transport.hpp"
#include "transports/webpush/vapid.hpp"

namespace pusher {

namespace {

constexpr const char* upload = "of the upload";

error wrong(const char* pointer, std::string detail) {
  return {errc::invalid_field, std::move(detail), pointer, 0};
}

std::string facts_of(std::initializer_list<std::pair<const char*, std::string>> all) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  for (const auto& [name, value] : all) {
    if (value.empty()) continue;
    writer.Key(name);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Google's hosts, or the one that stands in for FCM.
bool may_ask_for_tokens(const std::string& url, const fcm_settings& fcm) {
  auto asked = parse_origin(url), ours = parse_origin(fcm.base_url);
  if (!asked) return false;
  bool google = asked->port == 443 &&
                (ends_with(asked->host, ".googleapis.com") || asked->host == "accounts.google.com");
  return google || (ours && asked->host == ours->host && asked->port == ours->port);
}

/// The account, as far as we may use it. Errors: invalid_field.
result<service_account> read_account(const credential_content& content, const fcm_settings& fcm) {
  auto account = parse_service_account(content.service_account, upload);
  if (!account) return wrong("/service_account", account.failure().detail + ".");
  if (!may_ask_for_tokens(account->token_uri, fcm))
    return wrong(
        "/service_account/token_uri",
        "Access tokens are fetched from Google (https://oauth2.googleapis.com/token) or from the host of "
        "fcm.base_url.");
  return account;
}

client_identity identity_of(const credential_content& content) {
  return {content.certificate, content.certificate_password, "the upload"};
}

result<credential_facts> examine_fcm(const credential_content& content, const fcm_settings& fcm) {
  auto account = read_account(content, fcm);
  if (!account) return std::move(account).failure();
  return credential_facts{facts_of({{"project_id", account->project_id},
                                    {"client_email", account->client_email},
                                    {"private_key_id", account->private_key_id},
                                    {"fingerprint", account->key.fingerprint()}}),
                          0};
}

result<credential_facts> examine_apns(const credential_content& content) {
  if (!content.key.empty()) {
    auto key = ec_key::parse(content.key);
    if (!key) return wrong("/key", "This is " + key.failure().detail + ", as Apple's .p8 file is.");
    return credential_facts{facts_of({{"key_id", content.key_id},
                                      {"team_id", content.team_id},
                                      {"topic", content.topic},
                                      {"fingerprint", key->fingerprint()}}),
                            0};
  }
  auto facts = examine(identity_of(content));
  if (!facts)
    return wrong("/certificate",
                 "This is not a certificate with its private key, in PEM or as base64 of PKCS #12, that "
                 "certificate_password opens.");
  auto now = now_ms() / 1000;
  if (facts->ends_at <= now)
    return wrong("/certificate", "This certificate expired at " + to_rfc3339(facts->ends_at * 1000) + ".");
  if (facts->begins_at > now)
    return wrong("/certificate",
                 "This certificate is valid from " + to_rfc3339(facts->begins_at * 1000) + " on.");
  return credential_facts{facts_of({{"topic", content.topic},
                                    {"certificate_subject", facts->subject},
                                    {"fingerprint", facts->fingerprint}}),
                          facts->ends_at * 1000};
}

result<credential_facts> examine_web_push(const credential_content& content) {
  auto key = ec_key::parse(content.vapid_key);
  if (!key)
    return wrong("/vapid_key", "This is " + key.failure().detail + "; `pusher vapid generate` makes one.");
  if (auto good = check_vapid_subject(content.subject); !good)
    return wrong("/subject",
                 "This is mailto:ADDRESS or https://PAGE of a public domain; push services refuse others.");
  auto point = key->public_point();
  return credential_facts{
      facts_of({{"subject", content.subject},
                {"public_key", to_base64url({reinterpret_cast<const char*>(point.data()), point.size()})},
                {"fingerprint", key->fingerprint()}}),
      0};
}

}  // namespace

result<credential_facts> examine(const credential_content& content, const settings& config) {
  switch (content.gateway) {
    case gateway::fcm:
      return examine_fcm(content, config.fcm);
    case gateway::apns:
      return examine_apns(content);
    case gateway::webpush:
      return examine_web_push(content);
    case gateway::hms:
      return credential_facts{facts_of({{"app_id", content.app_id}, {"project_id", content.project_id}}), 0};
  }
  return error{errc::internal, "a gateway without credentials", "", 0};
}

std::string rate_name_of(const credential_content& content) {
  if (content.gateway != gateway::fcm) return std::string(to_string(content.gateway));
  auto account = parse_service_account(content.service_account, upload);
  return account ? "fcm:" + account->project_id : "fcm";
}

result<std::shared_ptr<provider_token_keeper>> make_provider_tokens(const credential_content& content) {
  if (content.gateway != gateway::apns || content.key.empty())
    return std::shared_ptr<provider_token_keeper>();
  auto key = ec_key::parse(content.key);
  if (!key) return std::move(key).failure();
  return std::make_shared<provider_token_keeper>(*std::move(key), content.key_id, content.team_id);
}

result<std::unique_ptr<transport>> make_transport(const credential_content& content, channel which,
                                                  const settings& config,
                                                  const std::shared_ptr<provider_token_keeper>& tokens,
                                                  answer_sink& sink) {
  switch (content.gateway) {
    case gateway::fcm: {
      auto account = read_account(content, config.fcm);
      if (!account) return std::move(account).failure();
      return make_fcm_transport(*account, config.fcm, config.limits, sink);
    }
    case gateway::apns:
      return make_apns_transport(
          config.apns, which == channel::apns_sandbox ? environment::sandbox : environment::production,
          {tokens, identity_of(content), content.topic}, config.limits, sink);
    case gateway::webpush: {
      auto key = ec_key::parse(content.vapid_key);
      if (!key) return std::move(key).failure();
      return make_web_push_transport(*key, content.subject, config.webpush, config.limits, sink);
    }
    case gateway::hms: {
      auto hms = config.hms;
      hms.app_id = content.app_id;
      hms.app_secret = content.app_secret;
      hms.project_id = content.project_id;
      return make_hms_transport(hms, config.limits, sink);
    }
  }
  return error{errc::internal, "a gateway without a transport", "", 0};
}

}  // namespace pusher
