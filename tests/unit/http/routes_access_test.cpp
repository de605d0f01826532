#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/routes.hpp"
#include "model/json.hpp"
#include "requests.hpp"

using namespace pusher;
using namespace pusher::http;
using pusher::testing::header;

namespace {

struct fixture {
  fake_operations engine;

  fixture() { engine.keys["admin"] = 8; }

  response ask(const std::string& method, const std::string& path, const std::string& body = "",
               const std::string& key = "admin") {
    return serve(testing::asking(method, path, body, key), engine);
  }
  /// From now on the keys belong to an application that administers nobody but itself.
  void as_tenant(const std::string& name) { engine.caller = engine.add_application(name).key; }
};

std::string text_of(const response& answer, const char* field) {
  auto document = json::parse(answer.body);
  REQUIRE(document.ok());
  REQUIRE((*document).HasMember(field));
  return std::string(json::view((*document)[field]));
}

bool has(const response& answer, const std::string& part) {
  return answer.body.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "administration wants the scope admin") {
  for (std::string path : {"/v1/applications", "/v1/keys", "/v1/applications/default/keys"}) {
    CHECK(ask("GET", path, "", "all").status == 403);
    CHECK(ask("GET", path).status == 200);
  }
}

TEST_CASE_FIXTURE(fixture, "how long things stay is changed by a merge patch") {
  auto patched = [&](const std::string& body) { return ask("PATCH", "/v1/applications/default", body); };
  auto changed = patched(R"({"retention":{"notification_days":30,"event_days":0}})");
  CHECK(changed.status == 200);
  CHECK(has(changed, R"("retention":{"notification_days":30,"event_days":0,"disabled_device_days":null)"));
  CHECK(has(changed,
            R"("retention_in_force":{"notification_days":30,"event_days":0,"disabled_device_days":365)"));
  CHECK(has(patched(R"({"retention":{"notification_days":null}})"),
            R"("retention":{"notification_days":null,"event_days":0)"));
  CHECK(has(patched(R"({"retention":null})"), R"("event_days":null)"));
  for (std::string wrong : {R"({"event_days":-1})", R"({"event_days":3651})", R"({"event_days":"7"})",
                            R"({"idempotency_hours":23})"}) {
    auto refused = patched("{\"retention\":" + wrong + "}");
    CHECK(refused.status == 400);
    CHECK(has(refused, "/retention/"));
  }
  CHECK(has(patched(R"({"retention":{"days":1}})"), "/retention/days"));
  CHECK(patched(R"({"retention":5})").status == 400);
  CHECK(patched(R"({"name":null})").status == 400);
  CHECK(has(ask("GET", "/v1/applications/default"), R"("event_days":null)"));
  as_tenant("shop");
  CHECK(ask("PATCH", "/v1/applications/shop", R"({"retention":{"event_days":7}})").status == 403);
}

TEST_CASE_FIXTURE(fixture, "an operator makes, reads, renames, suspends, resumes and deletes applications") {
  auto made = ask("POST", "/v1/applications", R"({"name":"shop"})");
  CHECK(made.status == 201);
  CHECK(header(made, "Location") == "/v1/applications/shop");
  CHECK(text_of(made, "state") == "active");
  CHECK(ask("POST", "/v1/applications", R"({"name":"shop"})").status == 409);
  CHECK(has(ask("GET", "/v1/applications"), "shop"));
  CHECK(ask("GET", "/v1/applications/shop").status == 200);
  CHECK(ask("GET", "/v1/applications/" + text_of(made, "id")).status == 200);
  CHECK(text_of(ask("PATCH", "/v1/applications/shop", R"({"name":"store"})"), "name") == "store");
  CHECK(text_of(ask("POST", "/v1/applications/store:suspend"), "state") == "suspended");
  CHECK(text_of(ask("POST", "/v1/applications/store:resume"), "state") == "active");
  CHECK(ask("DELETE", "/v1/applications/store").status == 204);
  CHECK(ask("GET", "/v1/applications/store").status == 404);
}

TEST_CASE_FIXTURE(fixture, "names of applications are checked") {
  for (std::string name :
       {"", "-shop", "a b", "a/b", "~1", "ünter", "01999999-0000-7000-8000-000000000001"}) {
    auto refused = ask("POST", "/v1/applications", R"({"name":")" + name + "\"}");
    CAPTURE(name);
    CHECK(refused.status == 400);
    CHECK(has(refused, "/name"));
  }
  CHECK(ask("POST", "/v1/applications", R"({"nam":"a"})").status == 400);
  CHECK(ask("POST", "/v1/applications", "{}").status == 400);
  CHECK(ask("POST", "/v1/applications", R"({"name":")" + std::string(64, 'a') + "\"}").status == 201);
  CHECK(ask("POST", "/v1/applications", R"({"name":")" + std::string(65, 'a') + "\"}").status == 400);
}

TEST_CASE_FIXTURE(fixture, "another application is there for operators alone") {
  ask("POST", "/v1/applications", R"({"name":"shop"})");
  auto key = text_of(ask("POST", "/v1/applications/shop/keys", R"({"scopes":["read"]})"), "id");
  as_tenant("game");
  // What is another's looks exactly as what was never there.
  for (std::string name : {"shop", "default", "nothing"}) {
    CAPTURE(name);
    auto at = "/v1/applications/" + name;
    CHECK(ask("GET", at).status == 404);
    CHECK(ask("PATCH", at, R"({"name":"mine"})").status == 404);
    CHECK(ask("DELETE", at).status == 404);
    CHECK(ask("POST", at + ":suspend").status == 404);
    CHECK(ask("POST", at + ":resume").status == 404);
    CHECK(ask("GET", at + "/keys").status == 404);
    CHECK(ask("POST", at + "/keys", R"({"scopes":["admin"]})").status == 404);
    for (const auto& each : {key, std::string("psk_none")}) {
      CHECK(ask("GET", at + "/keys/" + each).status == 404);
      CHECK(ask("DELETE", at + "/keys/" + each).status == 404);
      CHECK(ask("POST", at + "/keys/" + each + ":rotate").status == 404);
      CHECK(ask("PATCH", at + "/keys/" + each, R"({"name":"x"})").status == 404);
    }
    CHECK(ask("GET", at).body == ask("GET", at).body);
  }
  CHECK(ask("GET", "/v1/keys/" + key).status == 404);
  CHECK(ask("DELETE", "/v1/keys/" + key).status == 404);
  auto listed = ask("GET", "/v1/applications");
  CHECK(has(listed, "game"));
  CHECK_FALSE(has(listed, "shop"));
  // Its own it sees, and may not administer; its keys it may.
  CHECK(ask("GET", "/v1/applications/game").status == 200);
  CHECK(ask("PATCH", "/v1/applications/game", R"({"name":"mine"})").status == 403);
  CHECK(ask("POST", "/v1/applications/game:suspend").status == 403);
  CHECK(ask("DELETE", "/v1/applications/game").status == 403);
  CHECK(ask("POST", "/v1/applications", R"({"name":"shop"})").status == 403);
  CHECK(ask("POST", "/v1/applications", R"({"name":"new"})").status == 403);
  CHECK(ask("POST", "/v1/applications/game/keys", R"({"scopes":["send"]})").status == 201);
}

TEST_CASE_FIXTURE(fixture, "a key is shown once, and by its id from then on") {
  auto made = ask("POST", "/v1/keys", R"({"name":"ci","scopes":["send","read"],"requests_per_second":5,
                                         "expires_at":"2099-01-01T00:00:00Z"})");
  CHECK(made.status == 201);
  CHECK(header(made, "Cache-Control") == "no-store");
  auto id = text_of(made, "id");
  CHECK(header(made, "Location") == "/v1/keys/" + id);
  CHECK(has(made, R"("scopes":["send","read"])"));
  CHECK(text_of(made, "key") == id + "-secret");
  auto read = ask("GET", "/v1/keys/" + id);
  CHECK(read.status == 200);
  CHECK_FALSE(has(read, "secret"));
  CHECK(text_of(read, "expires_at") == "2099-01-01T00:00:00.000Z");
  CHECK_FALSE(has(ask("GET", "/v1/keys"), "secret"));
  CHECK(ask("DELETE", "/v1/keys/" + id).status == 204);
  CHECK(ask("GET", "/v1/keys/" + id).status == 404);
  CHECK(ask("DELETE", "/v1/keys/" + id).status == 404);
}

TEST_CASE_FIXTURE(fixture, "what a key cannot be is said with its place") {
  struct wrong {
    const char *body, *pointer;
  };
  for (const auto& each : {wrong{"{}", "/scopes"},
                           {R"({"scopes":[]})", "/scopes"},
                           {R"({"scopes":["all"]})", "/scopes"},
                           {R"({"scopes":"read"})", "/scopes"},
                           {R"({"scopes":["read"],"name":7})", "/name"},
                           {R"({"scopes":["read"],"requests_per_second":-1})", "/requests_per_second"},
                           {R"({"scopes":["read"],"expires_at":"tomorrow"})", "/expires_at"},
                           {R"({"scopes":["read"],"scope":1})", "/scope"}}) {
    CAPTURE(each.body);
    auto refused = ask("POST", "/v1/keys", each.body);
    CHECK(refused.status == 400);
    CHECK(has(refused, std::string(R"("pointer":")") + each.pointer + "\""));
  }
}

TEST_CASE_FIXTURE(fixture, "a key is changed as a merge patch says, and rotated with an overlap") {
  auto id =
      text_of(ask("POST", "/v1/keys", R"({"name":"ci","scopes":["send"],"requests_per_second":5})"), "id");
  auto changed = ask("PATCH", "/v1/keys/" + id, R"({"requests_per_second":null,"scopes":["read"]})");
  CHECK(changed.status == 200);
  CHECK(has(changed, R"("requests_per_second":null)"));
  CHECK(has(changed, R"("name":"ci","application":"default","scopes":["read"])"));
  CHECK(ask("PATCH", "/v1/keys/" + id, R"({"scopes":null})").status == 400);
  auto rotated = ask("POST", "/v1/keys/" + id + ":rotate", R"({"overlap_seconds":60})");
  CHECK(rotated.status == 201);
  CHECK(text_of(rotated, "id") != id);
  CHECK(header(rotated, "Location") == "/v1/keys/" + text_of(rotated, "id"));
  CHECK(engine.overlap == 60'000);
  CHECK(ask("POST", "/v1/keys/" + id + ":rotate").status == 201);
  CHECK_FALSE(engine.overlap.has_value());
  CHECK(ask("POST", "/v1/keys/" + id + ":rotate", R"({"overlap_seconds":-1})").status == 400);
}

TEST_CASE_FIXTURE(fixture, "the keys of a suspended application are refused with a code of its own") {
  engine.suspended = true;
  auto refused = ask("GET", "/v1/keys");
  CHECK(refused.status == 403);
  CHECK(text_of(refused, "code") == "application_suspended");
}
