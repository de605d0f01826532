#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/codec_gorush.hpp"
#include "http/gorush.hpp"
#include "http/routes.hpp"
#include "model/json.hpp"
#include "model/message_wording.hpp"
#include "model/token_device.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

constexpr utc_ms now = 1'700'000'000'000;

/// The only notification of a call.
gorush_notification read(const std::string& fields, const compat_settings& compat = {}) {
  auto body = json::parse(R"({"notifications":[{)" + fields + "}]}");
  REQUIRE(body.ok());
  auto parsed = parse_gorush(*body, compat, now);
  REQUIRE_MESSAGE(parsed.ok(), parsed.failure().pointer << ": " << parsed.failure().detail);
  REQUIRE(parsed->size() == 1);
  return parsed->front();
}

std::string pointer_of_fault(const std::string& fields) {
  auto body = json::parse(R"({"notifications":[{)" + fields + "}]}");
  auto parsed = parse_gorush(*body, {}, now);
  REQUIRE_FALSE(parsed.ok());
  return parsed.failure().pointer;
}

struct caller : exchange {
  http::request asked;
  response* answered;
  explicit caller(response& to) : answered(&to) {}
  const http::request& request() const override { return asked; }
  void answer(response made) override { *answered = std::move(made); }
};

/// What lies behind the door.
struct routes_of_engine : dispatcher {
  fake_operations& engine;
  explicit routes_of_engine(fake_operations& of) : engine(of) {}
  void dispatch(std::shared_ptr<exchange> asked) override { asked->answer(serve(asked->request(), engine)); }
};

response push(fake_operations& engine, const std::string& body, const std::string& key,
              const std::string& from = "127.0.0.1", const std::string& method = "POST",
              const std::string& path = "/api/push", const std::string& header = "") {
  response made;
  auto asked = std::make_shared<caller>(made);
  asked->asked.method = method;
  asked->asked.path = path;
  asked->asked.body = body;
  asked->asked.remote_address = from;
  if (!key.empty()) asked->asked.headers["authorization"] = "Bearer " + key;
  if (!header.empty()) asked->asked.headers[header] = "x";
  routes_of_engine behind(engine);
  gorush_door(behind, engine.compatible).dispatch(asked);
  return made;
}

const std::string call = R"({"notifications":[{"tokens":["t1","t2"],"platform":2,"message":"m"}]})";

}  // namespace

TEST_CASE("a push for iOS becomes content and an override for APNs") {
  auto read_one = read(
      R"("platform":1,"tokens":["aa"],"title":"T","message":"M","priority":"high","content_available":true,
         "mutable_content":true,"badge":0,"category":"C","thread-id":"th","interruption_level":"time-sensitive",
         "topic":"com.example","collapse_id":"col","apns_id":"id","expiration":1700003600,"image":"ignored",
         "alert":{"subtitle":"S","loc-args":["a"]},"data":{"n":2,"deep":{"x":[1]}})");
  const auto& draft = read_one.draft;
  CHECK(draft.content.title == "T");
  CHECK(draft.content.body == "M");
  CHECK(draft.content.badge == 0);
  CHECK_FALSE(draft.content.image_url.has_value());
  CHECK(draft.ttl_seconds == 3600);
  CHECK(draft.launch);
  CHECK(draft.lane == lane::transactional);
  auto apns = json::parse(draft.apns);
  auto expected = json::parse(
      R"({"headers":{"apns-topic":"com.example","apns-id":"id","apns-collapse-id":"col","apns-priority":"10",
          "apns-expiration":"1700003600"},
          "payload":{"aps":{"alert":{"subtitle":"S","loc-args":["a"]},"category":"C","thread-id":"th",
          "interruption-level":"time-sensitive","content-available":1,"mutable-content":1},
          "n":2,"deep":{"x":[1]}}})");
  CHECK_MESSAGE(*apns == *expected, draft.apns);
}

TEST_CASE("braces in a text of gorush's are no variables") {
  auto draft =
      read(
          R"("platform":2,"tokens":["aa"],"title":"{{properties.name}}","message":"{{","data":{"k":"\\{{x}}"})")
          .draft;
  auto said = worded(message_of(draft), 0);
  CHECK(said.blanks.empty());
  CHECK(said.content.title == "{{properties.name}}");
  CHECK(said.content.body == "{{");
  CHECK(said.content.data.at("k") == R"(\{{x}})");
}

TEST_CASE("a sound of iOS is a name or an object, and never louder than Apple allows") {
  CHECK(read(R"("platform":1,"sound":"ping.aiff")").draft.content.sound == "ping.aiff");
  CHECK(read(R"("platform":1,"sound":{"critical":1,"name":"a","volume":2.0})").draft.apns ==
        R"({"payload":{"aps":{"sound":{"critical":1,"name":"a","volume":1.0}}}})");
  CHECK(read(R"("platform":1,"name":"b","volume":0.5)").draft.apns ==
        R"({"payload":{"aps":{"sound":{"critical":1,"name":"b","volume":0.5}}}})");
}

TEST_CASE("a push of iOS that shows nothing goes with the only priority that Apple takes for it") {
  CHECK(read(R"("platform":1,"content_available":true,"priority":"high")").draft.apns ==
        R"({"payload":{"aps":{"content-available":1}}})");
  CHECK(read(R"("platform":1,"message":"m","priority":"normal")").draft.apns ==
        R"({"headers":{"apns-priority":"5"}})");
}

TEST_CASE("the environment of iOS is the call's, else the configured one") {
  auto environment_of = [](const gorush_notification& of) { return of.targets.front().environment; };
  compat_settings sandbox;
  sandbox.gorush_ios_environment = "sandbox";
  const std::string ios = R"("platform":1,"tokens":["aa"])";
  CHECK(environment_of(read(ios)) == environment::production);
  CHECK(environment_of(read(ios, sandbox)) == environment::sandbox);
  CHECK(environment_of(read(ios + R"(,"production":true)", sandbox)) == environment::production);
  CHECK(environment_of(read(ios + R"(,"development":true)")) == environment::sandbox);
}

TEST_CASE("a push for Android becomes content, data of texts and overrides for FCM") {
  auto draft = read(R"("platform":2,"tokens":["t"],"title":"T","message":"M","image":"https://i","sound":"s",
      "priority":"high","time_to_live":60,"collapse_key":"k","restricted_package_name":"p",
      "content_available":true,"fcm_options":{"analytics_label":"l"},"data":{"a":"b","n":1,"o":{"x":true}},
      "notification":{"title":"other","icon":"i","color":"#112233","body_loc_args":"[\"x\",\"y\"]",
      "title_loc_args":"one"},"android":{"priority":"normal"})")
                   .draft;
  CHECK(draft.content.title == "T");
  CHECK(draft.content.image_url == "https://i");
  CHECK(draft.content.sound == "s");
  CHECK(draft.ttl_seconds == 60);
  CHECK(draft.content.data ==
        std::map<std::string, std::string>{{"a", "b"}, {"n", "1"}, {"o", R"({"x":true})"}});
  auto android = json::parse(draft.android);
  auto expected = json::parse(
      R"({"notification":{"icon":"i","color":"#112233","body_loc_args":["x","y"],"title_loc_args":["one"]},
          "priority":"normal","collapse_key":"k","restricted_package_name":"p","fcm_options":{"analytics_label":"l"}})");
  CHECK_MESSAGE(*android == *expected, draft.android);
  auto apns = json::parse(draft.apns);
  CHECK((*apns)["payload"]["aps"]["content-available"].GetInt() == 1);
  CHECK(read(R"("platform":2,"dry_run":true)").dry_run);
}

TEST_CASE("topics, conditions and `to` are targets of FCM") {
  auto tokens = [](const gorush_notification& of) {
    std::vector<std::string> all;
    for (const auto& each : of.targets)
      all.push_back(each.push_token);
    return all;
  };
  CHECK(tokens(read(R"("platform":2,"topic":"news","tokens":["t"])")) ==
        std::vector<std::string>{"topic:news", "t"});
  CHECK(tokens(read(R"("platform":2,"to":"/topics/news")")) == std::vector<std::string>{"topic:news"});
  CHECK(tokens(read(R"("platform":2,"to":"t")")) == std::vector<std::string>{"t"});
  CHECK(tokens(read(R"("platform":2,"condition":"'a' in topics")")) ==
        std::vector<std::string>{"condition:'a' in topics"});
  // A topic of iOS is the app's bundle id.
  CHECK(tokens(read(R"("platform":1,"topic":"com.example","tokens":["aa"])")) ==
        std::vector<std::string>{"aa"});
}

TEST_CASE("a push for Huawei becomes content and an override for HMS") {
  auto draft =
      read(R"("platform":3,"tokens":["t"],"title":"T","message":"M","priority":"high","category":"IM",
      "huawei_ttl":"60s","huawei_collapse_key":3,"bi_tag":"b","fast_app_target":2,"huawei_data":"{}",
      "huawei_notification":{"icon":"/raw/i"},"data":{"ignored":1})")
          .draft;
  CHECK(draft.content.data.empty());
  CHECK(draft.ttl_seconds == 60);
  auto hms = json::parse(draft.hms);
  auto expected = json::parse(
      R"({"android":{"notification":{"icon":"/raw/i","click_action":{"type":3},"default_sound":true},
          "urgency":"HIGH","category":"IM","bi_tag":"b","fast_app_target":2,"collapse_key":3,"ttl":"60s"},
          "data":"{}"})");
  CHECK_MESSAGE(*hms == *expected, draft.hms);
}

TEST_CASE("what cannot be read names its place, what gorush ignores is ignored") {
  CHECK(pointer_of_fault(R"("platform":"1")") == "/notifications/0/platform");
  CHECK(pointer_of_fault(R"("platform":1,"tokens":[1])") == "/notifications/0/tokens");
  CHECK(pointer_of_fault(R"("platform":2,"time_to_live":-1)") == "/notifications/0/time_to_live");
  CHECK(pointer_of_fault(R"("platform":3,"huawei_ttl":"1d")") == "/notifications/0/huawei_ttl");
  CHECK(pointer_of_fault(R"("platform":3,"huawei_collapse_key":101)") ==
        "/notifications/0/huawei_collapse_key");
  CHECK(pointer_of_fault(R"("platform":1,"alert":{"loc-args":"x"})") == "/notifications/0/alert");
  auto body = json::parse(R"({"notifications":[{"platform":9,"tokens":["t"]},{"tokens":["t"]}]})");
  CHECK(parse_gorush(*body, {}, now)->empty());
  CHECK(read(R"("platform":2,"tokens":["t"],"unheard":{"of":1},"title":null)").refused.empty());
}

TEST_CASE("a time-to-live of nothing is tried for a minute, and none lasts longer than four weeks") {
  CHECK(gorush_ttl(0) == 60);
  CHECK(gorush_ttl(-5) == 60);
  CHECK(gorush_ttl(7) == 7);
  CHECK(gorush_ttl(1'000'000'000) == limits::ttl_seconds_max);
}

TEST_CASE("gorush's path is there when it is wanted, and open only to those whom the operator names") {
  fake_operations engine;
  CHECK(push(engine, call, "all").status == 404);
  engine.compatible.gorush = true;
  CHECK(push(engine, call, "all").status == 200);
  CHECK(push(engine, call, "").status == 401);
  engine.compatible.gorush_key = "all";
  CHECK(push(engine, call, "").status == 200);
  CHECK(push(engine, call, "", "::ffff:127.0.0.1").status == 200);
  CHECK(push(engine, call, "", "10.0.0.1").status == 401);
  CHECK(push(engine, call, "wrong").status == 401);
  CHECK(push(engine, call, "read").status == 403);
  for (const char* header : {"x-forwarded-for", "forwarded", "x-real-ip", "via", "origin", "sec-fetch-site"})
    CHECK_MESSAGE(push(engine, call, "", "127.0.0.1", "POST", "/api/push", header).status == 401, header);
  engine.compatible.gorush_open_to = {*parse_network("10.0.0.0/8")};
  CHECK(push(engine, call, "", "10.9.0.1").status == 200);
  CHECK(push(engine, call, "", "127.0.0.1").status == 401);
}

TEST_CASE("gorush's health check answers while the process lives, and other paths pass the door untouched") {
  fake_operations engine;
  CHECK(push(engine, "", "", "127.0.0.1", "GET", "/healthz").status == 404);
  engine.compatible.gorush = true;
  CHECK(push(engine, "", "", "10.0.0.1", "GET", "/healthz").status == 200);
  CHECK(push(engine, "", "", "10.0.0.1", "POST", "/healthz").status == 405);
  engine.compatible.gorush_key = "all";
  auto other = push(engine, "", "", "127.0.0.1", "GET", "/v1/devices/a");
  CHECK(other.status == 401);
  CHECK(other.content_type == "application/problem+json");
}

TEST_CASE("an answer has gorush's shape, a fault as well") {
  fake_operations engine;
  engine.compatible.gorush = true;
  CHECK(push(engine, call, "all").body == R"({"counts":2,"logs":[],"success":"ok"})");
  CHECK(engine.notifications.size() == 1);
  auto id = token_device_id(gateway::fcm, environment::production, "t1");
  REQUIRE(engine.devices.count(id) == 1);
  engine.devices[id].disabled = disabled_reason::unregistered;
  CHECK(push(engine, call, "all").body ==
        R"({"counts":2,"logs":[{"type":"failed-push","platform":"android","token":"**","message":"m",)"
        R"("error":"UNREGISTERED"}],"success":"ok"})");
  CHECK(push(engine, "{}", "all").body == R"({"code":400,"message":"Missing notifications field."})");
  engine.refuses = error{errc::payload_too_large, "Too large.", "/content", 0};
  CHECK(push(engine, call, "all").body ==
        R"x({"code":422,"message":"/notifications/0: Too large. (/content)"})x");
  engine.refuses.reset();
  engine.fails = error{errc::store_unavailable, "secret insides", "", 3};
  auto away = push(engine, call, "all");
  CHECK(away.status == 503);
  CHECK(away.body.find("insides") == std::string::npos);
}
