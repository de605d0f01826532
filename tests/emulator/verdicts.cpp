#include "tests/emulator/verdicts.hpp"

#include <cstdio>

namespace pusher::emulator {

namespace {

constexpr size_t huge_body_bytes = 100'000'000;
constexpr int retry_after_seconds = 1;

/// How one verdict is answered; `message` null = not by a google.rpc.Status.
struct wording {
  verdict what;
  int code;
  const char* fcm_code;  ///< errorCode of the FcmError detail; null = no such detail
  const char* status;
  const char* message;
  bool retry_after;
  const char* log_code;
};

constexpr wording wordings[] = {
    {verdict::accepted, 200, nullptr, nullptr, nullptr, false, ""},
    {verdict::validated, 200, nullptr, nullptr, nullptr, false, "VALIDATED"},
    {verdict::unregistered, 404, "UNREGISTERED", "NOT_FOUND", "Requested entity was not found.", false,
     "UNREGISTERED"},
    {verdict::bad_payload, 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT",
     "Request contains an invalid argument.", false, "INVALID_ARGUMENT"},
    {verdict::bad_token, 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT",
     "The registration token is not a valid FCM registration token", false, "INVALID_ARGUMENT"},
    {verdict::sender_mismatch, 403, "SENDER_ID_MISMATCH", "PERMISSION_DENIED", "SenderId mismatch", false,
     "SENDER_ID_MISMATCH"},
    {verdict::third_party_auth, 401, "THIRD_PARTY_AUTH_ERROR", "UNAUTHENTICATED",
     "Auth error from APNS or Web Push Service", false, "THIRD_PARTY_AUTH_ERROR"},
    {verdict::quota_exceeded, 429, "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED",
     "Quota exceeded for quota metric 'Messages' and limit 'Messages per minute'.", true, "QUOTA_EXCEEDED"},
    {verdict::unavailable, 503, "UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable.", true,
     "UNAVAILABLE"},
    {verdict::internal, 500, "INTERNAL", "INTERNAL", "Internal error encountered.", false, "INTERNAL"},
    {verdict::unauthenticated, 401, nullptr, "UNAUTHENTICATED",
     "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
     "valid "
     "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
     false, "UNAUTHENTICATED"},
    {verdict::no_credentials, 401, nullptr, "UNAUTHENTICATED",
     "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
     "other "
     "valid authentication credential. See "
     "https://developers.google.com/identity/sign-in/web/devconsole-project.",
     false, "UNAUTHENTICATED"},
    {verdict::permission_denied, 403, nullptr, "PERMISSION_DENIED",
     "Permission 'cloudmessaging.messages.create' denied on resource (or it may not exist).", false,
     "PERMISSION_DENIED"},
    {verdict::html_not_found, 404, nullptr, nullptr, nullptr, false, "HTML"},
    {verdict::hang, 0, nullptr, nullptr, nullptr, false, "HANG"},
    {verdict::reset, 0, nullptr, nullptr, nullptr, false, "RESET"},
    {verdict::refused_stream, 0, nullptr, nullptr, nullptr, false, "REFUSED_STREAM"},
    {verdict::garbage, 200, nullptr, nullptr, nullptr, false, "GARBAGE"},
    {verdict::huge, 200, nullptr, nullptr, nullptr, false, "HUGE"},
    {verdict::refused_message, 400, nullptr, "INVALID_ARGUMENT", nullptr, false, "INVALID_ARGUMENT"},
};

const wording& wording_of(verdict what) {
  for (const auto& each : wordings)
    if (each.what == what) return each;
  return wordings[0];
}

void append_escaped(std::string& to, std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') to += '\\';
    if (byte >= 0x20) {
      to += c;
      continue;
    }
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", byte);
    to += escape;
  }
}

void append_status(std::string& to, int code, std::string_view message, std::string_view status,
                   const std::string& details) {
  to += "{\"error\":{\"code\":" + std::to_string(code) + ",\"message\":\"";
  append_escaped(to, message);
  to += "\",\"status\":\"";
  to += status;
  to += details.empty() ? "\"}}" : "\",\"details\":[" + details + "]}}";
}

std::string fcm_error(const char* code) {
  return std::string("{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"") +
         code + "\"}";
}

std::string error_info(const char* reason) {
  return std::string("{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"") + reason +
         "\",\"domain\":\"googleapis.com\",\"metadata\":{\"service\":\"fcm.googleapis.com\"}}";
}

std::string bad_request(const message_fault& fault) {
  std::string detail = "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{";
  if (!fault.field.empty()) {
    detail += "\"field\":\"";
    append_escaped(detail, fault.field);
    detail += "\",";
  }
  detail += "\"description\":\"";
  append_escaped(detail, fault.message);
  return detail + "\"}]}";
}

std::string details_of(verdict what, const wording& words) {
  std::string details = words.fcm_code ? fcm_error(words.fcm_code) : std::string();
  if (what == verdict::quota_exceeded)
    details +=
        ",{\"@type\":\"type.googleapis.com/"
        "google.rpc.QuotaFailure\",\"violations\":[{\"subject\":\"project\","
        "\"description\":\"Messages per minute\"}]}";
  if (what == verdict::unauthenticated) details = error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED");
  if (what == verdict::no_credentials) details = error_info("CREDENTIALS_MISSING");
  if (what == verdict::permission_denied) details = error_info("IAM_PERMISSION_DENIED");
  return details;
}

}  // namespace

int status_of(verdict what) {
  return wording_of(what).code;
}

std::string_view code_of(verdict what) {
  return wording_of(what).log_code;
}

void word(verdict what, reply& answer) {
  const auto& words = wording_of(what);
  answer.status = words.code;
  answer.retry_after_seconds = words.retry_after ? retry_after_seconds : 0;
  if (words.message)
    append_status(answer.body, words.code, words.message, words.status, details_of(what, words));
  if (what == verdict::unauthenticated || what == verdict::no_credentials)
    answer.www_authenticate = "Bearer realm=\"https://accounts.google.com/\"";
  if (what == verdict::html_not_found) word_html_not_found(answer);
  if (what == verdict::garbage) answer.body = "<<< this is not JSON >>>";
  if (what == verdict::huge) {
    answer.body = "{\"name\":\"";
    answer.filler_bytes = huge_body_bytes;
  }
  if (what == verdict::hang) answer.kind = reply_kind::silence;
  if (what == verdict::reset) answer.kind = reply_kind::reset;
  if (what == verdict::refused_stream) answer.kind = reply_kind::refuse;
}

void word_accepted(std::string_view project, std::string_view message_id, reply& answer) {
  answer.status = 200;
  answer.body += "{\n  \"name\": \"projects/";
  answer.body += project;
  answer.body += "/messages/";
  answer.body += message_id;
  answer.body += "\"\n}\n";
}

void word_fault(const message_fault& fault, reply& answer) {
  answer.status = 400;
  std::string details = fault.from_fcm ? fcm_error("INVALID_ARGUMENT") + "," : std::string();
  append_status(answer.body, 400, fault.message, "INVALID_ARGUMENT", details + bad_request(fault));
}

void word_status(int code, std::string_view message, std::string_view status, reply& answer) {
  answer.status = code;
  append_status(answer.body, code, message, status, {});
}

void word_html_not_found(reply& answer) {
  answer.status = 404;
  answer.content_type = content_types::html;
  answer.body =
      "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> <ins>That is "
      "an "
      "error.</ins>\n<p>The requested URL was not found on this server.\n";
}

}  // namespace pusher::emulator
