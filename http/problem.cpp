#include "http/problem.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string>

namespace pusher::http {

namespace {

constexpr std::string_view store_away = "A store does not answer just now. Try again after a moment.";
constexpr std::string_view our_fault =
    "This is a fault of the server; its log knows more under this request_id.";

std::string_view title_of(int status, std::string_view usual) {
  switch (status) {
    case 408:
      return "Request took too long";
    case 414:
      return "Request target too long";
    case 417:
      return "Expectation not understood";
    case 431:
      return "Request headers too large";
    case 501:
      return "Transfer coding not supported";
    case 505:
      return "HTTP version not supported";
    default:
      return usual;
  }
}

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void member(json_writer& json, const char* name, std::string_view value) {
  json.Key(name);
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

std::string render(int status, std::string_view title, const error& why, const request& asked) {
  rapidjson::StringBuffer buffer;
  json_writer json(buffer);
  auto code = to_string(why.code), detail = public_detail(why);
  json.StartObject();
  member(json, "type", "/problems/" + std::string(code));
  member(json, "title", title);
  json.Key("status");
  json.Int(status);
  member(json, "detail", detail);
  if (!asked.path.empty()) member(json, "instance", asked.path);
  member(json, "code", code);
  member(json, "request_id", asked.request_id);
  if (why.retry_after_seconds > 0) {
    json.Key("retry_after");
    json.Uint(why.retry_after_seconds);
  }
  if (!why.pointer.empty()) {
    json.Key("errors");
    json.StartArray();
    json.StartObject();
    member(json, "pointer", why.pointer);
    member(json, "code", code);
    member(json, "detail", detail);
    json.EndObject();
    json.EndArray();
  }
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

problem_kind kind_of(errc code) {
  switch (code) {
    case errc::malformed_json:
      return {400, "Malformed JSON", ""};
    case errc::invalid_field:
      return {400, "Invalid field", ""};
    case errc::unknown_field:
      return {400, "Unknown field", ""};
    case errc::missing_field:
      return {400, "Missing field", ""};
    case errc::invalid_condition:
      return {400, "Invalid condition", ""};
    case errc::invalid_cursor:
      return {400, "Invalid cursor", ""};
    case errc::cursor_expired:
      return {410, "Cursor expired", ""};
    case errc::body_too_large:
      return {413, "Body too large", ""};
    case errc::length_required:
      return {411, "Length required", ""};
    case errc::unsupported_media_type:
      return {415, "Unsupported media type", ""};
    case errc::malformed_request:
      return {400, "Malformed request", ""};
    case errc::unauthenticated:
      return {401, "Not authenticated", ""};
    case errc::forbidden:
      return {403, "Not allowed", ""};
    case errc::application_suspended:
      return {403, "Application suspended", ""};
    case errc::not_found:
      return {404, "Not found", ""};
    case errc::route_not_found:
      return {404, "No such path", ""};
    case errc::method_not_allowed:
      return {405, "Method not allowed", ""};
    case errc::wrong_state:
      return {409, "Wrong state", ""};
    case errc::precondition_failed:
      return {412, "Changed meanwhile", ""};
    case errc::conflict:
      return {409, "Conflict", ""};
    case errc::idempotency_mismatch:
      return {422, "Idempotency key used before", ""};
    case errc::payload_too_large:
      return {422, "Push too large", ""};
    case errc::credential_refused:
      return {422, "Credential refused", ""};
    case errc::rate_limited:
      return {429, "Too many requests", ""};
    case errc::concurrency_limited:
      return {429, "Too many requests at a time", ""};
    case errc::store_unavailable:
      return {503, "Store unavailable", store_away};
    case errc::journal_unavailable:
      return {503, "Journal unavailable", store_away};
    case errc::journal_lost:
      return {503, "Journal lost", store_away};
    case errc::overloaded:
      return {503, "Overloaded", ""};
    case errc::timed_out:
      return {503, "Timed out", "There was no answer in time; whether the request took effect is unknown."};
    case errc::gateway_unavailable:
      return {503, "Gateway unavailable", "A gateway does not answer just now."};
    case errc::secrets_key_mismatch:
      return {503, "Secrets key differs", ""};
    case errc::schema_too_new:
      return {503, "Store unavailable", store_away};
    case errc::fenced:
      return {503, "Try again", "Another node took over in the middle of this. Try again."};
    case errc::invalid_configuration:
    case errc::already_running:
    case errc::corrupt_data:
    case errc::internal:
      return {500, "Internal error", our_fault};
  }
  return {500, "Internal error", our_fault};
}

std::string_view public_detail(const error& why) {
  auto fixed = kind_of(why.code).fixed_detail;
  return fixed.empty() ? std::string_view(why.detail) : fixed;
}

response problem(const error& why, const request& asked) {
  return problem(kind_of(why.code).status, why, asked);
}

response problem(int status, const error& why, const request& asked) {
  auto told = why;
  if (status == 503 || status == 429) told.retry_after_seconds = std::max(told.retry_after_seconds, 1U);
  response answer;
  answer.status = status;
  answer.content_type = "application/problem+json";
  answer.body = render(status, title_of(status, kind_of(why.code).title), told, asked);
  if (told.retry_after_seconds > 0)
    answer.headers.emplace_back("Retry-After", std::to_string(told.retry_after_seconds));
  if (status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"pusher\"");
  if (!kind_of(why.code).fixed_detail.empty()) answer.cause = why.detail;
  return answer;
}

response method_not_allowed(std::initializer_list<std::string_view> allowed, const request& asked) {
  std::string list;
  for (auto each : allowed)
    list.append(list.empty() ? "" : ", ").append(each);
  auto answer = problem({errc::method_not_allowed, "This path takes: " + list + ".", "", 0}, asked);
  answer.headers.emplace_back("Allow", list);
  return answer;
}

}  // namespace pusher::http
