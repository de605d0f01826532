#include "transports/webpush/answers.hpp"

#include <algorithm>

#include <rapidjson/document.h>

#include "model/json.hpp"

namespace pusher {

namespace {

using action = answer_action;
using reach = answer_reach;

constexpr int64_t busy_wait_ms = 10'000;

// Sources: RFC 8030 and 8292; the errno list of Mozilla's autopush; Apple's page on web push.
constexpr answer_rule rules[] = {
    {200, 299, "", "", action::accepted, reach::target, 0, false, "taken, to be delivered"},
    {404, 404, "", "", action::dead_token, reach::target, 0, false, "the subscription does not exist"},
    {410, 410, "", "", action::dead_token, reach::target, 0, false, "the subscription ended"},
    {400, 499, "errno-102", "", action::dead_token, reach::target, 0, false, "Mozilla: no such subscription"},
    {400, 499, "errno-103", "", action::dead_token, reach::target, 0, false, "Mozilla: expired subscription"},
    {400, 499, "errno-105", "", action::dead_token, reach::target, 0, false, "Mozilla: the user is gone"},
    {400, 499, "errno-106", "", action::dead_token, reach::target, 0, false,
     "Mozilla: the subscription is gone"},
    {429, 429, "", "", action::retry, reach::credential, busy_wait_ms, false, "too much for this service"},
    {401, 401, "", "", action::refresh_credential, reach::credential, 0, false,
     "the VAPID signature is refused: is the clock right, the subject a public address?"},
    {403, 403, "", "", action::refresh_credential, reach::credential, 0, false,
     "the VAPID key is refused, or the browser subscribed with another one"},
    {413, 413, "", "", action::refused, reach::target, 0, false, "the message is too large"},
    {300, 399, "", "", action::refused, reach::endpoint, 0, false, "redirects are not followed"},
    {500, 599, "errno-202", "", action::retry, reach::target, 1'000, false, "Mozilla: try again at once"},
    {500, 599, "", "", action::retry, reach::target, busy_wait_ms, false,
     "the service is down or overloaded"},
    {400, 499, "", "", action::refused, reach::target, 0, false, "the request is wrong, e.g. Apple's BadTtl"},
};

}  // namespace

const verdict_table web_push_answers(rules);

answer_reading read_web_push_answer(int status, std::string_view body) {
  answer_reading reading;
  if (status >= 200 && status < 300) return reading;
  auto parsed = json::parse(body);
  if (!parsed || !parsed->IsObject()) return reading;
  if (auto number = parsed->FindMember("errno"); number != parsed->MemberEnd()) {
    if (number->value.IsUint()) reading.code = "errno-" + std::to_string(number->value.GetUint());
  } else if (auto reason = parsed->FindMember("reason");
             reason != parsed->MemberEnd() && reason->value.IsString()) {
    reading.code = std::string(json::view(reason->value).substr(0, 64));
  }
  return reading;
}

}  // namespace pusher
