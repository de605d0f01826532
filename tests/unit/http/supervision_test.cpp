// Routes for who watches over sending, what a key may do, and the console's files.
#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/console_assets.hpp"
#include "http/routes.hpp"
#include "http/unfinished_answer.hpp"
#include "requests.hpp"

using namespace pusher;
using namespace pusher::http;
using pusher::testing::header;

namespace {

struct fixture {
  fake_operations engine;

  fixture() { engine.keys["admin"] = 8; }

  response ask(const std::string& method, const std::string& path, const std::string& key = "admin") {
    return serve(testing::asking(method, path, "", key), engine);
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "every key may ask what it may do, and nobody without one") {
  CHECK(ask("GET", "/v1/access").body == R"({"application":"default","scopes":["admin"],"operates":true})");
  CHECK(ask("GET", "/v1/access", "all").body ==
        R"({"application":"default","scopes":["devices","send","read"],"operates":false})");
  engine.caller = engine.add_application("shop").key;
  CHECK(ask("GET", "/v1/access").body == R"({"application":"shop","scopes":["admin"],"operates":false})");
  CHECK(ask("GET", "/v1/access", "").status == 401);
  CHECK(ask("GET", "/v1/access", "nobody's").status == 401);
}

TEST_CASE_FIXTURE(fixture, "gateways' states are answered when the nodes have spoken") {
  auto first = ask("GET", "/v1/gateway-states");
  REQUIRE(static_cast<bool>(first.unfinished));
  CHECK(first.status == 503);
  CHECK(!first.unfinished->ready());
  gateway_state fcm;
  fcm.gateway = "fcm";
  fcm.credential = "configuration";
  fcm.senders = 2;
  fcm.troubles = {"It refuses."};
  engine.look->states = {{fcm}, 1};
  engine.look->came = true;
  CHECK(first.unfinished->ready());
  auto made = first.unfinished->finish(engine);
  CHECK(made.status == 200);
  CHECK(
      made.body ==
      R"({"items":[{"gateway":"fcm","credential":"configuration","senders":2,"requests":0,"in_flight":0,"queued":0,)"
      R"("connections":0,"breakers_open":0,"credential_refused":false,"troubles":["It refuses."]}],"missing":1})");
  CHECK(ask("GET", "/v1/gateway-states", "all").status == 403);
}

TEST_CASE_FIXTURE(fixture, "dead letters are listed and decided by admin keys") {
  dead_letter_facts letter;
  letter.id = "1000-0";
  letter.gateway = gateway::apns;
  letter.environment = environment::sandbox;
  letter.lane = lane::campaign;
  letter.notification_id = "n";
  letter.targets = 2;
  letter.reason = "claimed 5 times";
  letter.owner = "node/1";
  letter.buried_at = 1'000;
  engine.letters["1000-0"] = letter;
  const std::string shown =
      R"({"id":"1000-0","stage":"push-sender","gateway":"apns","environment":"sandbox","lane":"campaign",)"
      R"("notification_id":"n","readable":true,"targets":2,"settled":0,"reason":"claimed 5 times","owner":"node/1",)"
      R"("buried_at":"1970-01-01T00:00:01.000Z"})";
  CHECK(ask("GET", "/v1/dead-letters").body ==
        R"({"items":[)" + shown + R"(],"has_more":false,"next_cursor":null})");
  CHECK(ask("GET", "/v1/dead-letters", "all").status == 403);
  CHECK(ask("POST", "/v1/dead-letters/1000-0:requeue", "all").status == 403);
  CHECK(ask("POST", "/v1/dead-letters/1000-0:requeue").body == shown);
  CHECK(engine.decision == dead_letter_decision::requeue);
  CHECK(ask("POST", "/v1/dead-letters/1000-0:drop").status == 404);
}

TEST_CASE_FIXTURE(fixture, "outcomes are shown by reason and over time") {
  engine.summary.looked_at = 3;
  engine.summary.reasons = {{outcome::accepted, gateway::fcm, "", 2},
                            {outcome::skipped, std::nullopt, "no_credential", 1}};
  engine.summary.from = 1'000;
  engine.summary.step_ms = 100;
  engine.summary.steps[0][outcome::skipped] = 1;
  engine.summary.steps[3][outcome::accepted] = 2;
  CHECK(
      ask("GET", "/v1/notifications/n/outcomes", "read").body ==
      R"({"looked_at":3,"complete":true,"reasons":[{"outcome":"accepted","gateway":"fcm","count":2},)"
      R"({"outcome":"skipped","code":"no_credential","count":1}],"from":"1970-01-01T00:00:01.000Z","step_ms":100,)"
      R"("steps":[{"step":0,"skipped":1},{"step":3,"accepted":2}]})");
  CHECK(ask("GET", "/v1/notifications/n/outcomes", "send").status == 403);
}

TEST_CASE_FIXTURE(fixture, "the console's files are there for anybody, strict and named by their content") {
  auto page = ask("GET", "/console", "");
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  for (const auto& each : console_assets()) {
    auto path = "/console/" + std::string(each.name);
    auto made = ask("GET", path, "");
    CAPTURE(path);
    CHECK(made.status == 200);
    CHECK(made.body == each.text);
    CHECK(header(made, "Content-Security-Policy").rfind("default-src 'none'; script-src 'self';", 0) == 0);
    CHECK(header(made, "Content-Security-Policy").find("unsafe") == std::string::npos);
    CHECK(header(made, "X-Content-Type-Options") == "nosniff");
    auto again = testing::asking("GET", path, "", "");
    again.headers["if-none-match"] = header(made, "ETag");
    CHECK(serve(again, engine).status == 304);
  }
  CHECK(ask("GET", "/console/nothing.js", "").status == 404);
  CHECK(ask("GET", "/console/..%2fapp.js", "").status == 404);
}
