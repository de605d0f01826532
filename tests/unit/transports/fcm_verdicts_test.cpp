// The error table of FCM, one row per line of it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "transports/fcm/answers.hpp"
#include "transports/retry_after.hpp"

using namespace pusher;

namespace {

using scope = answer_reach;

struct fcm_answer {
  int status = 0;
  std::string body;
  std::string retry_after;
  std::string date;
};

struct judged {
  pusher::verdict verdict;
  scope reach = scope::target;
};

judged judge_fcm_answer(const fcm_answer& answer, utc_ms now) {
  auto reading = read_fcm_answer(answer.status, answer.body);
  auto& rule = fcm_answers.find(answer.status, reading.code, reading.detail);
  judged made{verdict_of(rule, parse_retry_after(answer.retry_after, answer.date, now)), rule.reach};
  made.verdict.code = reading.code;
  if (made.verdict.code.empty() && made.verdict.kind != verdict_kind::accepted)
    made.verdict.code = "HTTP_" + std::to_string(answer.status);
  made.verdict.gateway_message_id = reading.message_id;
  return made;
}

/// Google's form of an error, with the details given.
std::string google_error(int code, const std::string& status, const std::string& message,
                         const std::string& details = "") {
  return R"({"error":{"code":)" + std::to_string(code) + R"(,"message":")" + message + R"(","status":")" +
         status + R"(","details":[)" + details + "]}}";
}

std::string fcm_error(const std::string& code) {
  return R"({"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":")" + code + R"("})";
}

std::string violation_of(const std::string& field) {
  return R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":")" + field +
         R"(","description":"invalid"}]})";
}

std::string quota_failure(const std::string& subject) {
  return R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"subject":")" + subject +
         R"(","description":"quota exceeded"}]})";
}

const std::string bad_token = "The registration token is not a valid FCM registration token";
const std::string html = "<!DOCTYPE html><html><title>Error 404 (Not Found)</title></html>";

struct row {
  const char* what;
  fcm_answer answer;
  verdict_kind kind;
  std::string code;
  scope reach = scope::target;
  int64_t retry_after_ms = 0;
  int64_t minimum_wait_ms = 0;
};

}  // namespace

TEST_CASE("every answer of FCM has the verdict of the table") {
  const auto unregistered =
      google_error(404, "NOT_FOUND", "Requested entity was not found.", fcm_error("UNREGISTERED"));
  const auto not_found = google_error(404, "NOT_FOUND", "Requested entity was not found.");
  const auto mismatch =
      google_error(403, "PERMISSION_DENIED", "SenderId mismatch", fcm_error("SENDER_ID_MISMATCH"));
  const auto too_big =
      google_error(400, "INVALID_ARGUMENT", "Message is too big", fcm_error("INVALID_ARGUMENT"));
  const auto dead = google_error(400, "INVALID_ARGUMENT", bad_token, fcm_error("INVALID_ARGUMENT"));
  const auto dead_field = google_error(400, "INVALID_ARGUMENT", bad_token,
                                       fcm_error("INVALID_ARGUMENT") + "," + violation_of("message.token"));
  const auto other_field =
      google_error(400, "INVALID_ARGUMENT", bad_token,
                   fcm_error("INVALID_ARGUMENT") + "," + violation_of("message.data[0].value"));
  const auto no_fcm_error = google_error(400, "INVALID_ARGUMENT", bad_token);
  const auto quota = google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", fcm_error("QUOTA_EXCEEDED"));
  const auto quota_project =
      google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded",
                   fcm_error("QUOTA_EXCEEDED") + "," + quota_failure("project:pusher-emulated"));
  const auto quota_device =
      google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded",
                   fcm_error("QUOTA_EXCEEDED") + "," + quota_failure("Device message rate"));
  const auto exhausted = google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded");
  const auto unavailable = google_error(503, "UNAVAILABLE", "Try again", fcm_error("UNAVAILABLE"));
  const auto internal = google_error(500, "INTERNAL", "Internal error", fcm_error("INTERNAL"));
  const auto third_party =
      google_error(401, "UNAUTHENTICATED", "Auth error", fcm_error("THIRD_PARTY_AUTH_ERROR"));
  const auto unspecified_400 = google_error(400, "INVALID_ARGUMENT", "?", fcm_error("UNSPECIFIED_ERROR"));
  const auto unspecified_500 = google_error(500, "INTERNAL", "?", fcm_error("UNSPECIFIED_ERROR"));
  const auto unauthenticated = google_error(401, "UNAUTHENTICATED", "invalid authentication credentials");
  const auto denied = google_error(403, "PERMISSION_DENIED", "Permission denied");

  const std::vector<row> rows{
      {"success", {200, R"({"name":"projects/p/messages/0:1"})", "", ""}, verdict_kind::accepted, ""},
      {"success without a name", {200, R"({"other":1})", "", ""}, verdict_kind::unknown, "MALFORMED_ANSWER"},
      {"success that is not JSON", {200, "hello", "", ""}, verdict_kind::unknown, "MALFORMED_ANSWER"},
      {"success without a body", {200, "", "", ""}, verdict_kind::unknown, "MALFORMED_ANSWER"},
      {"UNREGISTERED", {404, unregistered, "", ""}, verdict_kind::unregistered, "UNREGISTERED"},
      {"404 that does not speak of the token", {404, not_found, "", ""}, verdict_kind::rejected, "NOT_FOUND"},
      {"SENDER_ID_MISMATCH", {403, mismatch, "", ""}, verdict_kind::rejected, "SENDER_ID_MISMATCH"},
      {"INVALID_ARGUMENT of the payload", {400, too_big, "", ""}, verdict_kind::rejected, "INVALID_ARGUMENT"},
      {"INVALID_ARGUMENT of the token", {400, dead, "", ""}, verdict_kind::unregistered, "INVALID_ARGUMENT"},
      {"the same, naming the token's field",
       {400, dead_field, "", ""},
       verdict_kind::unregistered,
       "INVALID_ARGUMENT"},
      {"the same, naming another field",
       {400, other_field, "", ""},
       verdict_kind::rejected,
       "INVALID_ARGUMENT"},
      {"the same, but not from FCM itself",
       {400, no_fcm_error, "", ""},
       verdict_kind::rejected,
       "INVALID_ARGUMENT"},
      {"QUOTA_EXCEEDED", {429, quota, "", ""}, verdict_kind::retry, "QUOTA_EXCEEDED", scope::target, 60'000},
      {"with Retry-After",
       {429, quota, "7", ""},
       verdict_kind::retry,
       "QUOTA_EXCEEDED",
       scope::target,
       7'000},
      {"the project's",
       {429, quota_project, "9", ""},
       verdict_kind::retry,
       "QUOTA_EXCEEDED",
       scope::credential,
       9'000},
      {"one device's",
       {429, quota_device, "9", ""},
       verdict_kind::retry,
       "QUOTA_EXCEEDED",
       scope::target,
       9'000},
      {"without an FcmError",
       {429, exhausted, "", ""},
       verdict_kind::retry,
       "RESOURCE_EXHAUSTED",
       scope::target,
       60'000},
      {"429 in HTML", {429, html, "3", ""}, verdict_kind::retry, "HTTP_429", scope::target, 3'000},
      {"UNAVAILABLE",
       {503, unavailable, "", ""},
       verdict_kind::retry,
       "UNAVAILABLE",
       scope::target,
       0,
       10'000},
      {"UNAVAILABLE, Retry-After",
       {503, unavailable, "5", ""},
       verdict_kind::retry,
       "UNAVAILABLE",
       scope::target,
       5'000},
      {"INTERNAL", {500, internal, "", ""}, verdict_kind::retry, "INTERNAL", scope::target, 0, 10'000},
      {"502 in HTML", {502, html, "", ""}, verdict_kind::retry, "HTTP_502", scope::target, 0, 10'000},
      {"THIRD_PARTY_AUTH_ERROR",
       {401, third_party, "", ""},
       verdict_kind::rejected,
       "THIRD_PARTY_AUTH_ERROR",
       scope::credential},
      {"UNSPECIFIED_ERROR, 400", {400, unspecified_400, "", ""}, verdict_kind::rejected, "UNSPECIFIED_ERROR"},
      {"UNSPECIFIED_ERROR, 500",
       {500, unspecified_500, "", ""},
       verdict_kind::retry,
       "UNSPECIFIED_ERROR",
       scope::target,
       0,
       10'000},
      {"401", {401, unauthenticated, "", ""}, verdict_kind::rejected, "UNAUTHENTICATED", scope::credential},
      {"403", {403, denied, "", ""}, verdict_kind::rejected, "PERMISSION_DENIED", scope::credential},
      {"401 in HTML", {401, html, "", ""}, verdict_kind::rejected, "HTTP_401", scope::credential},
      {"404 in HTML", {404, html, "", ""}, verdict_kind::rejected, "HTTP_404", scope::endpoint},
      {"a redirect", {302, "", "", ""}, verdict_kind::rejected, "HTTP_302", scope::endpoint},
      {"400 in HTML", {400, html, "", ""}, verdict_kind::rejected, "HTTP_400", scope::endpoint},
  };
  for (auto& each : rows) {
    CAPTURE(each.what);
    auto got = judge_fcm_answer(each.answer, 1'000'000'000'000);
    CHECK(got.verdict.kind == each.kind);
    CHECK(got.verdict.code == each.code);
    CHECK(got.reach == each.reach);
    CHECK(got.verdict.retry_after_ms == each.retry_after_ms);
    CHECK(got.verdict.minimum_wait_ms == each.minimum_wait_ms);
  }
}

TEST_CASE("the message's name is kept, and only that of a success") {
  CHECK(judge_fcm_answer({200, "{\n  \"name\": \"projects/p/messages/0:1%2\"\n}\n", "", ""}, 0)
            .verdict.gateway_message_id == "projects/p/messages/0:1%2");
  CHECK(judge_fcm_answer({500, R"({"name":"x"})", "", ""}, 0).verdict.gateway_message_id.empty());
}

TEST_CASE("a success is read the same way however it is written") {
  for (const char* body : {R"({"name":"a/1"})", " {\t\"name\" :\r\n\"a/1\" } ", R"({"name":"a\u002f1"})",
                           R"({"n":1,"name":"a/1"})", R"({"name":"a/1","name2":[{"name":"b"}]})"}) {
    CAPTURE(body);
    CHECK(judge_fcm_answer({200, body, "", ""}, 0).verdict.gateway_message_id == "a/1");
  }
  CHECK(judge_fcm_answer({200, "{\"name\":\"\xc3\xa9\"}", "", ""}, 0).verdict.gateway_message_id ==
        "\xc3\xa9");
  for (const char* body : {R"({"name":""})", R"({"name":"a/1")", R"({"name":"a/1)", R"({"name":"a/1"}})",
                           R"({"name":"a/1"} x)", R"({"name":"a/1",})",
                           R"({"name":"a)"
                           "\n"
                           R"(1"})",
                           R"({"name":"a\q"})", R"("name":"a/1"})", R"({"name" "a/1"})", R"({name:"a/1"})",
                           "{\"name\":\"\xff\"}", R"([{"name":"a/1"}])", R"({"Name":"a/1"})"}) {
    CAPTURE(body);
    CHECK(judge_fcm_answer({200, body, "", ""}, 0).verdict.kind == verdict_kind::unknown);
  }
}

TEST_CASE("answers of any shape have a verdict") {
  for (const char* body :
       {"[]", "null", "{\"error\":1}", "{\"error\":{\"details\":{}}}", "{\"error\":{\"details\":[1]}}",
        "{\"error\":{\"status\":7,\"message\":[]}}", "\xff\xfe", "{"})
    CHECK(judge_fcm_answer({400, body, "", ""}, 0).verdict.kind == verdict_kind::rejected);
}
