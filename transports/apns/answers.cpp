#include "transports/apns/answers.hpp"

#include <algorithm>

#include <rapidjson/document.h>

#include "model/json_members.hpp"

namespace pusher {

namespace {

using action = answer_action;
using reach = answer_reach;

// Apple asks not to come back before 15 minutes after a 5xx.
constexpr int64_t server_wait_ms = 15 * 60'000;
constexpr int64_t device_wait_ms = 10'000;
constexpr int64_t token_wait_ms = 60'000;

// Source: "Handling notification responses from APNs", developer.apple.com.
constexpr answer_rule rules[] = {
    {200, 200, "", "", action::accepted, reach::target, 0, false, "taken"},
    {410, 410, "", "", action::dead_token, reach::target, 0, false,
     "the token is inactive for the topic since the answer's timestamp"},
    {400, 400, "BadDeviceToken", "", action::switch_environment, reach::target, 0, false,
     "malformed, or a token of the other environment"},
    {400, 400, "DeviceTokenNotForTopic", "", action::refused, reach::target, 0, false,
     "the token belongs to another app"},
    {400, 400, "", "own_topic", action::refused, reach::target, 0, false,
     "the topic, or something else, that the notification gave is wrong"},
    {400, 400, "TopicDisallowed", "", action::refused_credential, reach::credential, 0, false,
     "the key or certificate may not send to apns.topic"},
    {400, 400, "BadTopic", "", action::refused_credential, reach::credential, 0, false,
     "apns.topic is wrong"},
    {400, 400, "MissingTopic", "", action::refused_credential, reach::credential, 0, false,
     "apns.topic is missing, or the certificate has several"},
    {400, 400, "IdleTimeout", "", action::retry_elsewhere, reach::target, device_wait_ms, false,
     "the connection idled too long"},
    {403, 403, "ExpiredProviderToken", "", action::refresh_credential, reach::credential, 0, false,
     "the provider token is older than an hour"},
    {403, 403, "UnrelatedKeyIdInToken", "", action::retry_elsewhere, reach::credential, token_wait_ms, false,
     "the connection belongs to another key"},
    {403, 403, "InvalidProviderToken", "", action::refused_credential, reach::credential, 0, false,
     "key, key id or team id are wrong, or the key was revoked"},
    {403, 403, "BadEnvironmentKeyInToken", "", action::refused_credential, reach::credential, 0, false,
     "the key is for the other environment; also said as BadEnvironmentKeyIdInToken"},
    {403, 403, "BadCertificate", "", action::refused_credential, reach::credential, 0, false,
     "the certificate is bad, revoked or expired"},
    {403, 403, "BadCertificateEnvironment", "", action::refused_credential, reach::credential, 0, false,
     "the certificate is for the other environment"},
    {403, 403, "", "", action::refused_credential, reach::credential, 0, false,
     "Forbidden, MissingProviderToken and whatever else Apple refuses the sender for"},
    {429, 429, "TooManyProviderTokenUpdates", "", action::retry, reach::credential, token_wait_ms, true,
     "somebody else mints tokens with this key; ours is kept"},
    {429, 429, "", "", action::retry, reach::target, device_wait_ms, false, "too many pushes to this device"},
    {503, 503, "Shutdown", "", action::retry_elsewhere, reach::target, device_wait_ms, false,
     "this server goes down; others are there"},
    {500, 599, "", "", action::retry, reach::target, server_wait_ms, false, "APNs is down or overloaded"},
    {413, 413, "", "", action::refused, reach::target, 0, false, "the payload is too large"},
    {404, 405, "", "", action::refused, reach::endpoint, 0, false,
     "BadPath or MethodNotAllowed: apns.base_url leads elsewhere"},
    {300, 399, "", "", action::refused, reach::endpoint, 0, false, "APNs never redirects"},
    {400, 499, "", "", action::refused, reach::target, 0, false,
     "a header or the payload is wrong: BadCollapseId, BadExpirationDate, BadMessageId, BadPriority, "
     "DuplicateHeaders, InvalidPushType, MissingDeviceToken, PayloadEmpty and what Apple adds"},
};

}  // namespace

const verdict_table apns_answers(rules);

answer_reading read_apns_answer(int status, std::string_view body, bool own_topic) {
  answer_reading reading;
  if (status == 200) return reading;
  if (own_topic) reading.detail = "own_topic";
  auto parsed = json::parse(body);
  if (!parsed || !parsed->IsObject()) return reading;
  reading.code = json::view_at(*parsed, "reason").substr(0, 64);
  // Milliseconds, and only with 410.
  if (const auto* time = json::find(*parsed, "timestamp"); status == 410 && time && time->IsInt64())
    reading.unregistered_at = std::max<int64_t>(0, time->GetInt64());
  return reading;
}

}  // namespace pusher
