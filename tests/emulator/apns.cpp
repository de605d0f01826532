#include "tests/emulator/apns.hpp"

#include <algorithm>
#include <cstdio>

#include "tests/emulator/apns_message.hpp"
#include "tests/emulator/encoding.hpp"
#include "tests/emulator/json_text.hpp"
#include "tests/emulator/key_files.hpp"
#include "tests/emulator/misbehaviour.hpp"

namespace pusher::emulator {

namespace {

constexpr auto self = gateway_kind::apns;
constexpr int64_t us_per_second = 1'000'000;
constexpr int64_t us_per_ms = 1000;
constexpr int retry_after_seconds = 1;
constexpr std::string_view root = "/3/";
constexpr std::string_view device_prefix = "/3/device/";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

int status_of(std::string_view reason) {
  struct exception {
    std::string_view reason;
    int status;
  };
  static constexpr exception exceptions[] = {
      {"MissingProviderToken", 403},
      {"InvalidProviderToken", 403},
      {"ExpiredProviderToken", 403},
      {"BadPath", 404},
      {"MethodNotAllowed", 405},
      {"Unregistered", 410},
      {"PayloadTooLarge", 413},
      {"TooManyRequests", 429},
      {"TooManyProviderTokenUpdates", 429},
      {"InternalServerError", 500},
      {"ServiceUnavailable", 503},
      {"HTTPVersionNotSupported", 505},
  };
  for (const auto& each : exceptions)
    if (each.reason == reason) return each.status;
  return 400;
}

std::string_view reason_of(verdict what) {
  switch (what) {
    case verdict::unregistered:
      return "Unregistered";
    case verdict::bad_payload:
      return "PayloadEmpty";
    case verdict::sender_mismatch:
      return "DeviceTokenNotForTopic";
    case verdict::third_party_auth:
    case verdict::unauthenticated:
      return "InvalidProviderToken";
    case verdict::quota_exceeded:
      return "TooManyRequests";
    case verdict::unavailable:
      return "ServiceUnavailable";
    case verdict::internal:
      return "InternalServerError";
    default:
      return "BadDeviceToken";
  }
}

std::string new_uuid() {
  auto bytes = random_bytes(16);
  char text[37];
  auto at = [&](size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
  std::snprintf(text, sizeof text, "%02x%02x%02x%02x-%02x%02x-4%01x%02x-a%01x%02x-%02x%02x%02x%02x%02x%02x",
                at(0), at(1), at(2), at(3), at(4), at(5), at(6) & 15, at(7), at(8) & 15, at(9), at(10),
                at(11), at(12), at(13), at(14), at(15));
  return text;
}

void word_refusal(int status, std::string_view reason, int64_t timestamp_ms, reply& answer) {
  answer.status = status;
  answer.body = "{\"reason\":" + quoted(reason);
  if (status == 410) answer.body += ",\"timestamp\":" + std::to_string(timestamp_ms);
  answer.body += '}';
}

}  // namespace

apns_gateway::apns_gateway(const options& settings, const apns_identity& identity, oracle& books)
    : credentials_(identity, settings.apns_token_updates_seconds), books_(books) {}

bool apns_gateway::takes(const request& asked) {
  return starts_with(asked.path, root) || (asked.sandbox && !starts_with(asked.path, "/_"));
}

void apns_gateway::handle(request& asked, reply& answer, int64_t now_us) {
  read_token(asked.path);
  if (asked.indexed_what_it_must_not) ++books_.stats().hpack_violations;
  auto id = asked.headers.find("apns-id");
  answer.apns_id = id && is_uuid(*id) ? *id : new_uuid();
  push_facts push;
  push.target = token_;
  push.text = token_text_;
  auto collapse_id = asked.headers.find("apns-collapse-id");
  push.correlation = collapse_id ? std::string_view(*collapse_id) : std::string_view(answer.apns_id);
  push.content = stable_hash(id ? std::string_view(*id) : asked.body);

  auto code = decide(asked, push, answer, now_us);
  answer.delayed = true;
  books_.count_request(self, asked, answer);
  books_.log(self, push, answer.shown_status(), code, asked, now_us);
}

/// Fills the answer; its word for the log.
std::string_view apns_gateway::decide(const request& asked, const push_facts& push, reply& answer,
                                      int64_t now_us) {
  if (auto failure = books_.failure_of(self); failure != verdict::accepted)
    return word(failure, asked, answer, now_us);
  if (auto reason = judge(asked, answer, now_us); !reason.empty()) {
    word_refusal(status_of(reason), reason, now_us / us_per_ms, answer);
    return reason;
  }
  if (books_.over_rate(now_us)) return word(verdict::quota_exceeded, asked, answer, now_us);
  auto decided = books_.attempt(self, push);
  if (decided.what == verdict::accepted) books_.count_accepted(self, push);
  return word(decided, asked, answer, now_us);
}

/// The reason of a refusal; empty when the push is good.
std::string_view apns_gateway::judge(const request& asked, reply& answer, int64_t now_us) {
  if (!asked.http2) return "HTTPVersionNotSupported";
  if (!starts_with(asked.path, device_prefix)) return "BadPath";
  if (asked.method != "POST") return "MethodNotAllowed";
  auto reason = credentials_.judge(asked, now_us / us_per_second);
  if (!reason.empty()) return reason;
  answer.credentials_good = true;
  if (reason = judge_apns_message(asked, apns_identity::topic); !reason.empty()) return reason;
  return judge_token(asked);
}

std::string_view apns_gateway::judge_token(const request& asked) const {
  if (token_.empty()) return "MissingDeviceToken";
  if (!from_hex(token_)) return "BadDeviceToken";
  // No device has it.
  if (token_.find_first_not_of('0') == std::string_view::npos) return "BadDeviceToken";
  bool of_both = starts_with(token_text_, "BOTH");
  bool of_sandbox = starts_with(token_text_, "SANDBOX");
  return of_both || of_sandbox == asked.sandbox ? "" : "BadDeviceToken";
}

std::string_view apns_gateway::word(const scripted_answer& decided, const request& asked, reply& answer,
                                    int64_t now_us) {
  if (auto code = word_misbehaviour(decided.what, asked.path, answer); !code.empty()) return code;
  int64_t now_ms = now_us / us_per_ms;
  if (decided.what == verdict::accepted) {
    answer.content_type = {};
    return {};
  }
  if (decided.what == verdict::said) {
    answer.retry_after_seconds = decided.retry_after_seconds;
    word_refusal(decided.status, decided.code, decided.timestamp_ms >= 0 ? decided.timestamp_ms : now_ms,
                 answer);
    return decided.code;
  }
  auto reason = reason_of(decided.what);
  word_refusal(status_of(reason), reason, now_ms, answer);
  if (answer.status == 429 || answer.status == 503) answer.retry_after_seconds = retry_after_seconds;
  return reason;
}

void apns_gateway::read_token(std::string_view path) {
  token_ = starts_with(path, device_prefix) ? path.substr(device_prefix.size()) : std::string_view();
  auto bytes = from_hex(token_);
  bool printable =
      bytes && std::all_of(bytes->begin(), bytes->end(), [](char c) { return c >= ' ' && c <= '~'; });
  token_text_ = printable ? *bytes : std::string();
}

}  // namespace pusher::emulator
