#include "transports/hms/answers.hpp"

#include <set>

#include <rapidjson/document.h>

#include "model/json_members.hpp"

namespace pusher {

namespace {

using action = answer_action;
using reach = answer_reach;

constexpr int64_t busy_wait_ms = 10'000;
constexpr const char* success = "80000000";
constexpr const char* partial_success = "80100000";

// Source: the result codes of Push Kit's REST API, developer.huawei.com.
constexpr answer_rule rules[] = {
    {200, 299, "80000000", "", action::accepted, reach::target, 0, false, "taken"},
    {200, 299, "80100000", "illegal", action::dead_token, reach::target, 0, false,
     "some tokens are invalid, this one among them"},
    {200, 299, "80100000", "", action::unknown, reach::target, 0, false,
     "some tokens are invalid, but the answer does not say which"},
    {200, 299, "80300007", "", action::dead_token, reach::target, 0, false,
     "all tokens are invalid; a wrong app id says the same, so that the guard of mass deletion decides"},
    {200, 299, "80200001", "", action::refresh_credential, reach::credential, 0, false,
     "the access token is wrong"},
    {200, 299, "80200003", "", action::refresh_credential, reach::credential, 0, false,
     "the access token expired"},
    {200, 299, "80300002", "", action::refused_credential, reach::credential, 0, false,
     "no right to send: app id, project or region are wrong"},
    {200, 299, "80100001", "", action::refused, reach::target, 0, false, "a parameter is wrong"},
    {200, 299, "80100003", "", action::refused, reach::target, 0, false, "the message's structure is wrong"},
    {200, 299, "80100004", "", action::refused, reach::target, 0, false, "the message's time is wrong"},
    {200, 299, "80100013", "", action::refused, reach::target, 0, false, "collapse_key is wrong"},
    {200, 299, "80100016", "", action::refused, reach::target, 0, false, "sensitive words"},
    {200, 299, "80300008", "", action::refused, reach::target, 0, false, "the message is too large"},
    {200, 299, "80300010", "", action::refused, reach::target, 0, false, "more than 1,000 tokens"},
    {200, 299, "80300011", "", action::refused, reach::target, 0, false, "no right to high priority"},
    {200, 299, "", "internal", action::retry, reach::target, busy_wait_ms, false, "81xxxxxx: Huawei failed"},
    {200, 299, "", "coded", action::refused, reach::target, 0, false, "a code that is not in this table"},
    {200, 299, "", "", action::unknown, reach::target, 0, false, "a success without a code"},
    {401, 401, "", "", action::refresh_credential, reach::credential, 0, false,
     "the access token is refused"},
    {503, 503, "", "", action::retry, reach::credential, busy_wait_ms, false,
     "flow control: everything waits"},
    {429, 429, "", "", action::retry, reach::credential, busy_wait_ms, false,
     "flow control: everything waits"},
    {500, 599, "", "", action::retry, reach::target, busy_wait_ms, false, "Huawei is down or overloaded"},
    {300, 399, "", "", action::refused, reach::endpoint, 0, false, "redirects are not followed"},
    {404, 404, "", "", action::refused, reach::endpoint, 0, false,
     "hms.base_url or the app id leads elsewhere"},
    {400, 499, "", "", action::refused, reach::target, 0, false, "the request is wrong"},
};

std::string text_member(const rapidjson::Value& object, const char* name) {
  const auto* found = json::find(object, name);
  if (found && found->IsUint()) return std::to_string(found->GetUint());
  return json::text_at(object, name).substr(0, 128);
}

/// A partial success: `msg` is JSON in a text. Nothing is filled in when it cannot be read.
void read_parts(const rapidjson::Value& answer, const std::vector<std::string_view>& tokens,
                answer_reading& into) {
  auto parsed = json::parse(json::view_at(answer, "msg"));
  if (!parsed) return;
  const auto* illegal = json::find(*parsed, "illegal_tokens");
  if (!illegal || !illegal->IsArray()) return;
  std::set<std::string_view> dead;
  for (const auto& each : illegal->GetArray())
    if (each.IsString()) dead.insert(json::view(each));
  for (auto token : tokens) {
    answer_reading part;
    part.message_id = into.message_id;
    if (dead.count(token) > 0) {
      part.code = partial_success;
      part.detail = "illegal";
    } else {
      part.code = success;
    }
    into.parts.push_back(std::move(part));
  }
}

}  // namespace

const verdict_table hms_answers(rules);

answer_reading read_hms_answer(int status, std::string_view body,
                               const std::vector<std::string_view>& tokens) {
  answer_reading reading;
  auto parsed = json::parse(body);
  if (!parsed || !parsed->IsObject()) {
    if (status < 300) reading.code = "MALFORMED_ANSWER";
    return reading;
  }
  reading.code = text_member(*parsed, "code");
  reading.message_id = text_member(*parsed, "requestId");
  if (reading.code == partial_success) read_parts(*parsed, tokens, reading);
  if (reading.code.rfind("81", 0) == 0 && reading.code.size() == 8)
    reading.detail = "internal";
  else if (!reading.code.empty())
    reading.detail = "coded";
  return reading;
}

}  // namespace pusher
