#include "transports/fcm/verdicts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include <rapidjson/document.h>

#include "model/json.hpp"
#include "transports/retry_after.hpp"

namespace pusher {

namespace {

using rapidjson::Value;
using scope = fcm_verdict::scope;

constexpr int64_t quota_wait_ms = 60'000;      // what Google asks for when Retry-After is absent
constexpr int64_t first_wait_5xx_ms = 10'000;  // likewise, at least

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

std::string_view string_member(const Value& object, const char* name) {
  auto found = object.FindMember(name);
  return found != object.MemberEnd() && found->value.IsString() ? json::view(found->value)
                                                                : std::string_view();
}

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
  auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsArray()) return;
  for (auto& entry : found->value.GetArray())
    if (entry.IsObject()) each(entry);
}

void read_detail(const Value& detail, status_parts& into) {
  auto type = string_member(detail, "@type");
  if (ends_with(type, "google.firebase.fcm.v1.FcmError")) {
    into.has_fcm_error = true;
    into.code = string_member(detail, "errorCode");
  } else if (ends_with(type, "google.rpc.BadRequest")) {
    for_each_object(detail, "fieldViolations", [&](const Value& violation) {
      auto field = string_member(violation, "field");
      if (!ends_with(field, "token")) into.violates_other_field = true;
    });
  } else if (ends_with(type, "google.rpc.QuotaFailure")) {
    into.quota_failure = true;
    for_each_object(detail, "violations", [&](const Value& violation) {
      for (const char* name : {"subject", "description", "quotaId", "quotaMetric"})
        if (contains_word(string_member(violation, name), "device")) into.quota_of_device = true;
    });
  }
}

status_parts read_status(std::string_view body) {
  status_parts parts;
  auto parsed = json::parse(body);
  if (!parsed || !parsed->IsObject()) return parts;
  auto found = parsed->FindMember("error");
  if (found == parsed->MemberEnd() || !found->value.IsObject()) return parts;
  parts.is_google = true;
  parts.message = string_member(found->value, "message");
  for_each_object(found->value, "details", [&](const Value& detail) { read_detail(detail, parts); });
  if (parts.code.empty()) parts.code = string_member(found->value, "status");
  return parts;
}

/// The message's id of a success, or nothing. Made for speed: it runs for every push.
std::optional<std::string> read_name(std::string_view body) {
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

verdict rejected(std::string code) {
  verdict made;
  made.kind = verdict_kind::rejected;
  made.code = std::move(code);
  return made;
}

/// Retry-After decides; else `otherwise_ms` is a wait to keep exactly, or `minimum_ms` one to keep at least.
verdict retry(std::string code, std::optional<int64_t> asked_ms, int64_t otherwise_ms, int64_t minimum_ms) {
  verdict made;
  made.kind = verdict_kind::retry;
  made.code = std::move(code);
  made.retry_after_ms = asked_ms.value_or(otherwise_ms);
  if (made.retry_after_ms == 0) made.minimum_wait_ms = minimum_ms;
  return made;
}

/// A 200 with a name is accepted. A 200 without one is `unknown`: to call it accepted would lose the push
/// when something between FCM and us made the answer up, to send again would double it when FCM did take it.
/// As `unknown` it is counted as what it is, and sent again only where the notification allows duplicates.
verdict judge_success(const fcm_answer& answer) {
  verdict made;
  if (auto name = read_name(answer.body)) {
    made.kind = verdict_kind::accepted;
    made.gateway_message_id = std::move(*name);
  } else {
    made.kind = verdict_kind::unknown;
    made.code = "MALFORMED_ANSWER";
  }
  return made;
}

bool is_dead_token(const status_parts& parts) {
  if (parts.code == "UNREGISTERED") return true;
  // FCM says INVALID_ARGUMENT of any fault. Only its words tell that the token is what is wrong.
  return parts.code == "INVALID_ARGUMENT" && parts.has_fcm_error && !parts.violates_other_field &&
         contains_word(parts.message, "registration token");
}

}  // namespace

fcm_verdict judge_fcm_answer(const fcm_answer& answer, utc_ms now) {
  if (answer.status >= 200 && answer.status < 300) return {judge_success(answer), scope::target};

  auto parts = read_status(answer.body);
  std::string code = parts.code.empty() ? "HTTP_" + std::to_string(answer.status) : parts.code;
  auto asked = parse_retry_after(answer.retry_after, answer.date, now);

  if (code == "QUOTA_EXCEEDED" || answer.status == 429) {
    auto reach = parts.quota_failure && !parts.quota_of_device ? scope::project : scope::target;
    return {retry(code, asked, quota_wait_ms, 0), reach};
  }
  if (answer.status >= 500 || code == "UNAVAILABLE" || code == "INTERNAL")
    return {retry(code, asked, 0, first_wait_5xx_ms), scope::target};
  if (parts.is_google && is_dead_token(parts)) {
    auto dead = rejected(code);
    dead.kind = verdict_kind::unregistered;
    return {dead, scope::target};
  }
  if ((answer.status == 401 || answer.status == 403) && !parts.has_fcm_error)
    return {rejected(code), scope::credential};
  // Also SENDER_ID_MISMATCH (the token is alive, in another project), THIRD_PARTY_AUTH_ERROR and 400.
  return {rejected(code), parts.is_google ? scope::target : scope::endpoint};
}

}  // namespace pusher
