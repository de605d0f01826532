#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/routes.hpp"
#include "model/json.hpp"
#include "requests.hpp"

using namespace pusher;

namespace {

struct fixture {
  fake_operations engine;
  fixture() { engine.keys["admin"] = 8; }

  http::response ask(const std::string& method, const std::string& path, const std::string& body = "",
                     const std::string& key = "admin") {
    return http::serve(testing::asking(method, path, body, key), engine);
  }
  /// The pointer of the first fault.
  std::string fault_of(const std::string& body) {
    auto answered = ask("POST", "/v1/credentials", body);
    CHECK(answered.status == 400);
    auto parsed = json::parse(answered.body);
    return parsed && parsed->HasMember("errors") ? (*parsed)["errors"][0]["pointer"].GetString() : "none";
  }
};

const std::string apns_key =
    R"("key":"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----","key_id":"ABC123DEFG","team_id":"DEF123GHIJ")";

}  // namespace

TEST_CASE_FIXTURE(fixture, "each gateway's credential is read, and its secret is not in the answer") {
  auto made = ask(
      "POST", "/v1/credentials",
      R"({"gateway":"fcm","name":"main","activate":true,"service_account":{"project_id":"p","private_key":"hush"}})");
  CHECK(made.status == 201);
  CHECK(made.body.find("hush") == std::string::npos);
  CHECK(made.body.find(R"("details":{"fingerprint":"ab"})") != std::string::npos);
  CHECK(engine.uploaded.activate);
  CHECK(engine.uploaded.content.service_account == R"({"project_id":"p","private_key":"hush"})");
  CHECK(ask("POST", "/v1/credentials",
            R"({"gateway":"apns","name":"a","topic":"com.example.app","environments":["sandbox"],)" +
                apns_key + "}")
            .status == 201);
  CHECK_FALSE(engine.uploaded.production);
  CHECK(engine.uploaded.sandbox);
  CHECK_FALSE(engine.uploaded.activate);
  CHECK(ask("POST", "/v1/credentials",
            R"({"gateway":"webpush","name":"w","vapid_key":"pem","subject":"mailto:a@b.c"})")
            .status == 201);
  CHECK(ask("POST", "/v1/credentials", R"({"gateway":"hms","name":"h","app_id":"1","app_secret":"hush"})")
            .status == 201);
  CHECK(engine.uploaded.content.app_secret == "hush");
  auto listed = ask("GET", "/v1/credentials");
  CHECK(listed.status == 200);
  CHECK(listed.body.find("hush") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "what is wrong with a credential is named by its field") {
  CHECK(fault_of(R"({"name":"a"})") == "/gateway");
  CHECK(fault_of(R"({"gateway":"carrier-pigeon","name":"a"})") == "/gateway");
  CHECK(fault_of(R"({"gateway":"fcm","service_account":{}})") == "/name");
  CHECK(fault_of(R"({"gateway":"fcm","name":"a"})") == "/service_account");
  CHECK(fault_of(R"({"gateway":"fcm","name":"a","service_account":"text"})") == "/service_account");
  CHECK(fault_of(R"({"gateway":"fcm","name":"a","service_account":{},"topic":"x"})") == "/topic");
  CHECK(fault_of(R"({"gateway":"apns","name":"a","topic":"t"})") == "/key");
  CHECK(fault_of(R"({"gateway":"apns","name":"a","topic":"t","key":"k","certificate":"c"})") ==
        "/certificate");
  CHECK(
      fault_of(
          R"({"gateway":"apns","name":"a","topic":"t","key":"k","key_id":"short","team_id":"DEF123GHIJ"})") ==
      "/key_id");
  CHECK(fault_of(R"({"gateway":"apns","name":"a","topic":"a\r\nb",)" + apns_key + "}") == "/topic");
  CHECK(fault_of(R"({"gateway":"apns","name":"a","topic":"t","environments":["moon"],)" + apns_key + "}") ==
        "/environments");
  CHECK(fault_of(R"({"gateway":"webpush","name":"a","vapid_key":"k"})") == "/subject");
  CHECK(fault_of(R"({"gateway":"hms","name":"a","app_id":"../x","app_secret":"s"})") == "/app_id");
  CHECK(engine.credentials.empty());
}

TEST_CASE_FIXTURE(fixture, "a credential is renamed, verified, activated, deactivated and deleted") {
  ask("POST", "/v1/credentials", R"({"gateway":"hms","name":"h","app_id":"1","app_secret":"s"})");
  CHECK(ask("GET", "/v1/credentials/c-1").status == 200);
  CHECK(ask("PATCH", "/v1/credentials/c-1", R"({"name":"new"})").body.find(R"("name":"new")") !=
        std::string::npos);
  CHECK(ask("PATCH", "/v1/credentials/c-1", R"({"secret":"new"})").status == 400);
  CHECK(ask("POST", "/v1/credentials/c-1:verify").body.find("verified_at") != std::string::npos);
  CHECK(ask("POST", "/v1/credentials/c-1:activate").body.find(R"("active":true)") != std::string::npos);
  CHECK(ask("POST", "/v1/credentials/c-1:deactivate").body.find(R"("active":false)") != std::string::npos);
  CHECK(ask("DELETE", "/v1/credentials/c-1").status == 204);
  CHECK(ask("GET", "/v1/credentials/c-1").status == 404);
}

TEST_CASE_FIXTURE(fixture, "only an admin's key sees or touches credentials") {
  for (const char* key : {"all", "devices", "send", "read"}) {
    CHECK(ask("GET", "/v1/credentials", "", key).status == 403);
    CHECK(ask("POST", "/v1/credentials", "{}", key).status == 403);
    CHECK(ask("DELETE", "/v1/credentials/c-1", "", key).status == 403);
  }
}

TEST_CASE_FIXTURE(fixture, "a gateway's refusal is told apart from its absence and from a foreign key") {
  const std::string body = R"({"gateway":"hms","name":"h","app_id":"1","app_secret":"s"})";
  engine.fails = error{errc::credential_refused, "The gateway refuses this credential: 1101.", "", 0};
  auto refused = ask("POST", "/v1/credentials", body);
  CHECK(refused.status == 422);
  CHECK(refused.body.find(R"("code":"credential_refused")") != std::string::npos);
  CHECK(refused.body.find("1101") != std::string::npos);
  engine.fails = error{errc::gateway_unavailable, "secret inner address", "", 10};
  auto away = ask("POST", "/v1/credentials", body);
  CHECK(away.status == 503);
  CHECK(away.body.find("secret inner address") == std::string::npos);
  engine.fails = error{errc::secrets_key_mismatch, "give every node the same file", "", 60};
  auto foreign = ask("POST", "/v1/credentials", body);
  CHECK(foreign.status == 503);
  CHECK(foreign.body.find("the same file") != std::string::npos);
}
