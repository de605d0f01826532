// Webhooks as REST: what is taken, what is shown, what is refused.
#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/routes.hpp"
#include "requests.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

const std::string id = "01999999-9999-7999-8999-999999999999";
const std::string fields =
    R"({"id":"01999999-9999-7999-8999-999999999999","url":"https://hooks.example.com/x","description":"ours",)"
    R"("events":["failed","opened"],"batch":{"max_events":7,"max_wait_ms":0},"enabled":true,"state":"enabled",)"
    R"("delivery":{"cursor":"c0.0.0","failed_tries":0})";

struct fixture {
  fake_operations engine;
  fixture() { engine.keys["boss"] = 8; }

  response ask(const std::string& method, const std::string& path, const std::string& body = "",
               const std::string& key = "boss") {
    return serve(testing::asking(method, path, body, key), engine);
  }
  response made() {
    return ask(
        "POST", "/v1/webhooks",
        R"({"url":"https://hooks.example.com/x","description":"ours","events":["failed","opened","failed"],)"
        R"("batch":{"max_events":7,"max_wait_ms":0}})");
  }
  std::string pointer_of(const std::string& method, const std::string& path, const std::string& body) {
    auto told = ask(method, path, body);
    CHECK_MESSAGE(told.status == 400, body << " -> " << told.body);
    auto at = told.body.find(R"("pointer":")");
    if (at == std::string::npos) return "none";
    at += 11;
    return told.body.substr(at, told.body.find('"', at) - at);
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a webhook is made with a secret that is shown once") {
  auto shown = made();
  CHECK(shown.status == 201);
  CHECK(shown.body == fields + R"(,"secret":"whsec_c2VjcmV0"})");
  REQUIRE(shown.headers.size() == 2);
  CHECK(shown.headers[0].second == "no-store");
  CHECK(shown.headers[1].second == "/v1/webhooks/" + id);
  CHECK(ask("GET", "/v1/webhooks/" + id).body == fields + "}");
  CHECK(ask("GET", "/v1/webhooks").body ==
        R"({"items":[)" + fields + R"(}],"has_more":false,"next_cursor":null})");
  CHECK(ask("POST", "/v1/webhooks/" + id + ":rotate-secret").body == fields + R"(,"secret":"whsec_bmV3"})");
  CHECK(ask("DELETE", "/v1/webhooks/" + id).status == 204);
  CHECK(ask("GET", "/v1/webhooks/" + id).status == 404);
}

TEST_CASE_FIXTURE(fixture, "webhooks are the administrator's alone") {
  made();
  for (const char* path : {"/v1/webhooks", "/v1/webhooks/x", "/v1/webhooks/x/attempts"})
    CHECK(ask("GET", path, "", "all").status == 403);
  for (const char* verb : {":enable", ":test", ":replay", ":rotate-secret"})
    CHECK(ask("POST", "/v1/webhooks/" + id + verb, "", "all").status == 403);
}

TEST_CASE_FIXTURE(fixture, "a change is a merge patch") {
  made();
  ask("PATCH", "/v1/webhooks/" + id, R"({"enabled":false,"batch":{"max_wait_ms":9},"description":null})");
  const auto& now = engine.webhooks.at(id).options;
  CHECK_FALSE(now.enabled);
  CHECK(now.max_events == 7);
  CHECK(now.max_wait_ms == 9);
  CHECK(now.description.empty());
  CHECK(now.events.size() == 2);
  CHECK(ask("PATCH", "/v1/webhooks/" + id, R"({"events":null})").status == 200);
  CHECK(engine.webhooks.at(id).options.events.empty());
  CHECK(ask("POST", "/v1/webhooks/" + id + ":enable").status == 200);
  CHECK(engine.webhooks.at(id).options.enabled);
}

TEST_CASE_FIXTURE(fixture, "what is wrong is named") {
  made();
  CHECK(pointer_of("POST", "/v1/webhooks", "{}") == "/url");
  CHECK(pointer_of("POST", "/v1/webhooks", R"({"url":null})") == "/url");
  CHECK(pointer_of("POST", "/v1/webhooks", R"({"url":"https://x.example","evnts":[]})") == "/evnts");
  CHECK(pointer_of("POST", "/v1/webhooks", R"({"url":"https://x.example","events":["opened","x"]})") ==
        "/events/1");
  CHECK(pointer_of("POST", "/v1/webhooks", R"({"url":"https://x.example","events":[1]})") == "/events/0");
  CHECK(pointer_of("POST", "/v1/webhooks", R"({"url":"https://x.example","batch":{"max_events":1001}})") ==
        "/batch/max_events");
  CHECK(pointer_of("POST", "/v1/webhooks", R"({"url":"https://x.example","batch":{"events":1}})") ==
        "/batch/events");
  CHECK(pointer_of("PATCH", "/v1/webhooks/" + id, R"({"url":null})") == "/url");
  CHECK(pointer_of("PATCH", "/v1/webhooks/" + id, R"({"secret":"mine"})") == "/secret");
  CHECK(pointer_of("POST", "/v1/webhooks/" + id + ":replay", R"({"since":"yesterday"})") == "/since");
  CHECK(pointer_of("POST", "/v1/webhooks/" + id + ":replay", "{}") == "none");
  CHECK(pointer_of("POST", "/v1/webhooks/" + id + ":replay",
                   R"({"since":"2026-01-01T00:00:00Z","cursor":"c1.2.3"})") == "none");
  CHECK(ask("POST", "/v1/webhooks", "[]").status == 400);
}

TEST_CASE_FIXTURE(fixture, "attempts tell what the receiver said, and replays from where") {
  made();
  CHECK(
      ask("POST", "/v1/webhooks/" + id + ":test").body ==
      R"({"message_id":"msg_1","type":"ping","taken":false,"status":500,"latency_ms":12,"trouble":"answered 500",)"
      R"("answer":"oops","at":"1970-01-01T00:00:01.000Z"})");
  CHECK(
      ask("GET", "/v1/webhooks/" + id + "/attempts").body ==
      R"({"items":[{"message_id":"msg_2","type":"events","events":7,"taken":true,"status":200,"latency_ms":5,)"
      R"("at":"1970-01-01T00:00:02.000Z"}],"has_more":false,"next_cursor":null})");
  CHECK(ask("POST", "/v1/webhooks/" + id + ":replay", R"({"cursor":"c1.2.3"})").status == 200);
  CHECK(*engine.replayed.cursor == "c1.2.3");
  CHECK(ask("POST", "/v1/webhooks/" + id + ":replay", R"({"since":"1970-01-01T00:00:07Z"})").status == 200);
  CHECK(*engine.replayed.since == 7'000);
}
