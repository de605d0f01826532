#include "tests/emulator/fcm_legacy.hpp"

#include <algorithm>

#include "tests/emulator/json_text.hpp"
#include "tests/emulator/misbehaviour.hpp"

namespace pusher::emulator {

namespace {

constexpr auto self = gateway_kind::legacy;
constexpr int retry_after_seconds = 1;
constexpr std::string_view canonical = "CANON-";
constexpr std::string_view unavailable = "Unavailable";

bool is_json(std::string_view content_type) {
  return content_type.substr(0, content_type.find(';')) == "application/json";
}

/// The error of one token among others; empty when the verdict is about the request, or success.
std::string_view error_of(const scripted_answer& decided) {
  switch (decided.what) {
    case verdict::unregistered:
      return "NotRegistered";
    case verdict::bad_token:
      return "InvalidRegistration";
    case verdict::bad_payload:
      return "InvalidParameters";
    case verdict::sender_mismatch:
      return "MismatchSenderId";
    case verdict::third_party_auth:
      return "InvalidApnsCredential";
    case verdict::quota_exceeded:
      return "DeviceMessageRateExceeded";
    case verdict::said:
      return decided.status == 200 ? decided.code : std::string_view();
    default:
      return {};
  }
}

}  // namespace

legacy_gateway::legacy_gateway(const legacy_identity& identity, oracle& books)
    : identity_(identity), books_(books) {}

push_facts legacy_gateway::facts_of(const legacy_message& message, std::string_view token) const {
  push_facts push;
  push.target = push.text = token;
  push.content = message.content;
  return push;
}

void legacy_gateway::handle(request& asked, reply& answer, int64_t now_us) {
  auto message = read_legacy_message(asked.body);
  code_ = {};
  errors_.assign(message.tokens.size(), {});
  if (!refuse(asked, message, answer, now_us)) deliver(asked, message, answer, now_us);
  answer.delayed = true;
  books_.count_request(self, asked, answer);
  if (message.tokens.empty()) {
    message.tokens.emplace_back();
    errors_.emplace_back("MissingRegistration");
  }
  for (size_t i = 0; i < message.tokens.size(); ++i)
    books_.log(self, facts_of(message, message.tokens[i]), answer.shown_status(),
               code_.empty() ? errors_[i] : code_, asked, now_us);
}

/// True when the request as a whole is refused; the answer is then filled.
bool legacy_gateway::refuse(const request& asked, const legacy_message& message, reply& answer,
                            int64_t now_us) {
  auto no = [&](int status, std::string_view text) {
    word_plain(status, text, answer);
    return true;
  };
  if (auto failure = books_.failure_of(self); failure != verdict::accepted)
    return word_request(failure, asked, answer);
  if (asked.authorization != "key=" + identity_.server_key) return no(401, "INVALID_KEY");
  answer.credentials_good = true;
  if (asked.body_too_large) return no(400, "INVALID_REQUEST");
  if (!is_json(asked.content_type)) return no(400, "INVALID_CONTENT_TYPE");
  if (!message.fault.empty()) return no(400, message.fault);
  return books_.over_rate(now_us) && word_request(verdict::quota_exceeded, asked, answer);
}

void legacy_gateway::deliver(const request& asked, const legacy_message& message, reply& answer,
                             int64_t now_us) {
  scripted_answer of_request;
  for (size_t i = 0; i < message.tokens.size(); ++i) {
    if (!message.error.empty() || message.dry_run) {
      errors_[i] = message.error;
      continue;
    }
    auto decided = books_.attempt(self, facts_of(message, message.tokens[i]));
    errors_[i] = error_of(decided);
    if (errors_[i] == unavailable) answer.retry_after_seconds = decided.retry_after_seconds;
    if (of_request.what == verdict::accepted && errors_[i].empty()) of_request = decided;
  }
  if (of_request.what != verdict::accepted) {
    answer.retry_after_seconds = 0;
    word_request(of_request, asked, answer);
    return;
  }
  word_results(message, answer, now_us);
  if (message.dry_run && message.error.empty()) code_ = "VALIDATED";
}

void legacy_gateway::word_results(const legacy_message& message, reply& answer, int64_t now_us) {
  std::string results;
  size_t failed = 0, renamed = 0;
  for (size_t i = 0; i < message.tokens.size(); ++i) {
    auto token = message.tokens[i];
    if (!results.empty()) results += ',';
    if (!errors_[i].empty()) {
      results += "{\"error\":" + quoted(errors_[i]) + "}";
      ++failed;
      continue;
    }
    if (!message.dry_run) books_.count_accepted(self, facts_of(message, token));
    results +=
        "{\"message_id\":\"0:" + std::to_string(now_us) + "%" + std::to_string(++message_count_) + "\"";
    if (token.substr(0, canonical.size()) == canonical) {
      results += ",\"registration_id\":" + quoted("NEW-" + std::string(token.substr(canonical.size())));
      ++renamed;
    }
    results += '}';
  }
  if (message.tokens.empty()) {
    results = "{\"error\":\"MissingRegistration\"}";
    failed = 1;
  }
  answer.body = "{\"multicast_id\":" + std::to_string(now_us) + ",\"success\":" +
                std::to_string(message.tokens.empty() ? 0 : message.tokens.size() - failed) +
                ",\"failure\":" + std::to_string(failed) + ",\"canonical_ids\":" + std::to_string(renamed) +
                ",\"results\":[" + results + "]}";
}

/// Always true: the request is then decided.
bool legacy_gateway::word_request(const scripted_answer& decided, const request& asked, reply& answer) {
  code_ = word_misbehaviour(decided.what, asked.path, answer);
  if (!code_.empty()) return true;
  switch (decided.what) {
    case verdict::said:
      answer.retry_after_seconds = decided.retry_after_seconds;
      word_plain(decided.status, decided.code, answer);
      break;
    case verdict::unauthenticated:
      word_plain(401, "INVALID_KEY", answer);
      break;
    case verdict::quota_exceeded:
      answer.retry_after_seconds = retry_after_seconds;
      word_plain(429, "QUOTA_EXCEEDED", answer);
      break;
    case verdict::unavailable:
      answer.retry_after_seconds = retry_after_seconds;
      word_plain(503, unavailable, answer);
      break;
    default:
      word_plain(500, "InternalServerError", answer);
  }
  return true;
}

void legacy_gateway::word_plain(int status, std::string_view text, reply& answer) {
  answer.status = status;
  answer.content_type = content_types::plain;
  answer.body = text;
  answer.body += '\n';
  code_ = code_memory_ = text;
}

}  // namespace pusher::emulator
