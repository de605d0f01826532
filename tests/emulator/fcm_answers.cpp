#include "tests/emulator/fcm_answers.hpp"

#include "tests/emulator/json_text.hpp"

namespace pusher::emulator {

namespace {

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
    {verdict::refused_message, 400, nullptr, "INVALID_ARGUMENT", nullptr, false, "INVALID_ARGUMENT"},
};

const wording& wording_of(verdict what) {
  for (const auto& each : wordings)
    if (each.what == what) return each;
  return wordings[0];
}

void append_status(std::string& to, int code, std::string_view message, std::string_view status,
                   const std::string& details) {
  to += "{\"error\":{\"code\":" + std::to_string(code) + ",\"message\":\"";
  append_escaped(to, message);
  to += "\",\"status\":\"";
  to += status;
  to += details.empty() ? "\"}}" : "\",\"details\":[" + details + "]}}";
}

std::string fcm_error(std::string_view code) {
  return "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":" + quoted(code) +
         "}";
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

/// google.rpc.Code as Google maps it to HTTP.
std::string_view status_word(int status) {
  switch (status) {
    case 400:
      return "INVALID_ARGUMENT";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ABORTED";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 499:
      return "CANCELLED";
    case 500:
      return "INTERNAL";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return "UNKNOWN";
  }
}

}  // namespace

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
}

void word_said(const scripted_answer& said, reply& answer) {
  answer.status = said.status;
  answer.retry_after_seconds = said.retry_after_seconds;
  std::string details = said.code == "none" ? std::string() : fcm_error(said.code);
  append_status(answer.body, said.status, "The token asked for this answer.", status_word(said.status),
                details);
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

}  // namespace pusher::emulator
