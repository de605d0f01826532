#include "transports/fcm/answers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include <rapidjson/document.h>

#include "model/json_members.hpp"

namespace pusher {

namespace {

using rapidjson::Value;
using action = answer_action;
using reach = answer_reach;

constexpr int64_t quota_wait_ms = 60'000;      // what Google asks for when Retry-After is absent
constexpr int64_t first_wait_5xx_ms = 10'000;  // likewise, at least

// Source: the error codes of the FCM HTTP v1 reference. What is not in the table is never a dead token.
constexpr answer_rule rules[] = {
    {200, 299, "", "named", action::accepted, reach::target, 0, false, "taken; the message has a name"},
    {200, 299, "", "", action::unknown, reach::target, 0, false,
     "a success without a message's name: something between FCM and us may have made it up"},
    {400, 499, "UNREGISTERED", "", action::dead_token, reach::target, 0, false,
     "the app was removed, or the token expired"},
    {400, 400, "INVALID_ARGUMENT", "token", action::dead_token, reach::target, 0, false,
     "the registration token is malformed, and nothing else is wrong"},
    {429, 429, "", "project", action::retry, reach::credential, quota_wait_ms, true,
     "the project's quota is used up: everything waits"},
    {429, 429, "", "", action::retry, reach::target, quota_wait_ms, true,
     "too much for this device or topic"},
    {400, 499, "QUOTA_EXCEEDED", "", action::retry, reach::target, quota_wait_ms, true, "too much"},
    {500, 599, "", "", action::retry, reach::target, first_wait_5xx_ms, false, "FCM is down or overloaded"},
    {400, 499, "UNAVAILABLE", "", action::retry, reach::target, first_wait_5xx_ms, false,
     "FCM is overloaded"},
    {400, 499, "INTERNAL", "", action::retry, reach::target, first_wait_5xx_ms, false, "FCM failed"},
    {401, 401, "THIRD_PARTY_AUTH_ERROR", "", action::refused, reach::credential, 0, false,
     "FCM cannot sign in with APNs or Web Push: the key in the Firebase project is bad"},
    {403, 403, "SENDER_ID_MISMATCH", "", action::refused, reach::target, 0, false,
     "the token is alive, in another Firebase project"},
    {401, 401, "", "coded", action::refused, reach::target, 0, false, "refused with an error code of FCM's"},
    {403, 403, "", "coded", action::refused, reach::target, 0, false, "refused with an error code of FCM's"},
    {401, 401, "", "", action::refresh_credential, reach::credential, 0, false,
     "the access token is stale, or the service account is not allowed to send"},
    {403, 403, "", "", action::refresh_credential, reach::credential, 0, false,
     "the service account may not send in this project"},
    {300, 499, "", "foreign", action::refused, reach::endpoint, 0, false,
     "this is not FCM: a wrong address, or the legacy API's end"},
    {400, 499, "", "", action::refused, reach::target, 0, false, "the message is wrong, e.g. too large"},
};

/// The parts of a google.rpc.Status that decide. Empty when the body is not one.
struct status_parts {
  bool is_google = false;  ///< the body is an error of Google's form
  bool has_fcm_error = false;
  std::string code;  ///< FcmError.errorCode, else the status
  std::string message;
  bool violates_other_field = false;  ///< BadRequest names a field that is not the token
  bool quota_failure = false;
  bool quota_of_device = false;
};

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool contains_word(std::string_view text, std::string_view lower_case_word) {
  auto found = std::search(text.begin(), text.end(), lower_case_word.begin(), lower_case_word.end(),
                           [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
  return found != text.end();
}

/// Calls `each` with every object of an array member.
template <class Each>
void for_each_object(const Value& object, const char* name, Each each) {
  for (const auto& entry : json::list_at(object, name).GetArray())
    if (entry.IsObject()) each(entry);
}

void read_detail(const Value& detail, status_parts& into) {
  auto type = json::view_at(detail, "@type");
  if (ends_with(type, "google.firebase.fcm.v1.FcmError")) {
    into.has_fcm_error = true;
    into.code = json::view_at(detail, "errorCode");
  } else if (ends_with(type, "google.rpc.BadRequest")) {
    for_each_object(detail, "fieldViolations", [&](const Value& violation) {
      auto field = json::view_at(violation, "field");
      if (!ends_with(field, "token")) into.violates_other_field = true;
    });
  } else if (ends_with(type, "google.rpc.QuotaFailure")) {
    into.quota_failure = true;
    for_each_object(detail, "violations", [&](const Value& violation) {
      for (const char* name : {"subject", "description", "quotaId", "quotaMetric"})
        if (contains_word(json::view_at(violation, name), "device")) into.quota_of_device = true;
    });
  }
}

status_parts read_status(std::string_view body) {
  status_parts parts;
  auto parsed = json::parse(body);
  if (!parsed || !parsed->IsObject()) return parts;
  const auto* found = json::find(*parsed, "error");
  if (!found || !found->IsObject()) return parts;
  parts.is_google = true;
  parts.message = json::view_at(*found, "message");
  for_each_object(*found, "details", [&](const Value& detail) { read_detail(detail, parts); });
  if (parts.code.empty()) parts.code = json::view_at(*found, "status");
  return parts;
}

/// Takes `word` and the space before it off the front of `text`.
bool take(std::string_view& text, std::string_view word) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.substr(0, word.size()) != word) return false;
  text.remove_prefix(word.size());
  return true;
}

/// The name of a success that is written as FCM writes it: one member, of ASCII without escapes. Empty when
/// the body is anything else, well-formed or not. It runs for every push, and costs a tenth of parsing.
std::string_view plain_name(std::string_view body) {
  if (!take(body, "{") || !take(body, "\"name\"") || !take(body, ":") || !take(body, "\"")) return {};
  auto end = std::find_if(body.begin(), body.end(), [](unsigned char byte) {
    return byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x7f;
  });
  auto name = body.substr(0, static_cast<size_t>(end - body.begin()));
  body.remove_prefix(name.size());
  return take(body, "\"") && take(body, "}") && take(body, "") && body.empty() ? name : std::string_view();
}

/// The message's id of a success, or nothing.
std::optional<std::string> read_name(std::string_view body) {
  if (auto plain = plain_name(body); !plain.empty()) return std::string(plain);
  std::array<char, 2048> memory;
  rapidjson::MemoryPoolAllocator<> values(memory.data(), memory.size() / 2);
  rapidjson::MemoryPoolAllocator<> stack(memory.data() + memory.size() / 2, memory.size() / 2);
  rapidjson::GenericDocument<rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>,
                             rapidjson::MemoryPoolAllocator<>>
      document(&values, 512, &stack);
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  document.Parse<flags>(body.data(), body.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  auto name = document.FindMember("name");
  if (name == document.MemberEnd() || !name->value.IsString() || name->value.GetStringLength() == 0)
    return std::nullopt;
  return std::string(json::view(name->value));
}

bool blames_token(const status_parts& parts) {
  // FCM says INVALID_ARGUMENT of any fault. Only its words tell that the token is what is wrong.
  return parts.code == "INVALID_ARGUMENT" && parts.has_fcm_error && !parts.violates_other_field &&
         contains_word(parts.message, "registration token");
}

}  // namespace

const verdict_table fcm_answers(rules);

answer_reading read_fcm_answer(int status, std::string_view body) {
  answer_reading reading;
  if (status >= 200 && status < 300) {
    // Without a name it is unknown: to call it accepted would lose the push when something between FCM and us
    // made the answer up, to send again would double it when FCM did take it.
    if (auto name = read_name(body)) {
      reading.detail = "named";
      reading.message_id = *std::move(name);
    } else {
      reading.code = "MALFORMED_ANSWER";
    }
    return reading;
  }
  auto parts = read_status(body);
  reading.code = parts.code;
  if (!parts.is_google)
    reading.detail = "foreign";
  else if (blames_token(parts))
    reading.detail = "token";
  else if (parts.quota_failure && !parts.quota_of_device)
    reading.detail = "project";
  else if (parts.has_fcm_error)
    reading.detail = "coded";
  return reading;
}

}  // namespace pusher
