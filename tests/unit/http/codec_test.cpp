#include <doctest/doctest.h>

#include "http/codec_device.hpp"
#include "http/codec_notification.hpp"
#include "model/json.hpp"

using namespace pusher;
using namespace pusher::http;
using namespace std::string_literals;

namespace {

struct refused_case {
  const char *text, *code, *pointer;
};

rapidjson::Document parsed(const std::string& text) {
  auto document = json::parse(text);
  CAPTURE(text);
  REQUIRE(document.ok());
  return std::move(*document);
}

template <class T>
void check_refused(const result<T>& got, const refused_case& wanted) {
  CAPTURE(wanted.text);
  REQUIRE(!got.ok());
  CHECK(to_string(got.failure().code) == wanted.code);
  CHECK(got.failure().pointer == wanted.pointer);
  CHECK(got.failure().detail.size() > 10);
}

const std::string p256dh = "B" + std::string(86, 'A');
const std::string auth(22, 'a');

std::string web_push(const std::string& endpoint, const std::string& point, const std::string& secret) {
  return R"({"gateway":"webpush","platform":"web","subscription":{"endpoint":")" + endpoint +
         R"(","expirationTime":null,"keys":{"p256dh":")" + point + R"(","auth":")" + secret + R"("}}})";
}

}  // namespace

TEST_CASE("a device is read as it was written") {
  auto device =
      parse_device(parsed(R"({"gateway":"apns","environment":"sandbox","platform":"ios","push_token":"abc",
      "user_id":"u","locale":"ko-KR","time_zone":"Asia/Seoul","app_version":"1.2","properties":{"plan":"pro"}})"),
                   "id");
  REQUIRE(device.ok());
  CHECK(device->device_id == "id");
  CHECK((device->gateway == gateway::apns));
  CHECK((device->environment == environment::sandbox));
  CHECK((device->platform == platform::ios));
  CHECK(device->push_token == "abc");
  CHECK(device->user_id == "u");
  CHECK(device->locale == "ko-KR");
  CHECK(device->time_zone == "Asia/Seoul");
  CHECK(device->app_version == "1.2");
  CHECK(device->properties == R"({"plan":"pro"})");
}

TEST_CASE("a Web Push device has a subscription instead of a token") {
  auto device = parse_device(parsed(web_push("https://push.example/x", p256dh, auth)), "id");
  REQUIRE(device.ok());
  CHECK(device->push_token == "https://push.example/x");
  REQUIRE(device->keys.has_value());
  CHECK(device->keys->p256dh == p256dh);
}

TEST_CASE("bad devices are refused with the place of the fault") {
  auto bad_endpoint = web_push("http://push.example/x", p256dh, auth),
       bad_point = web_push("https://x", "short", auth),
       bad_auth = web_push("https://x", p256dh, "!" + auth.substr(1));
  for (
      const auto& each : {
          refused_case{"[]", "invalid_field", ""},
          {"7", "invalid_field", ""},
          {"{}", "missing_field", "/gateway"},
          {R"({"gateway":null,"platform":"ios","push_token":"t"})", "missing_field", "/gateway"},
          {R"({"gateway":"fmc","platform":"ios","push_token":"t"})", "invalid_field", "/gateway"},
          {R"({"gateway":1,"platform":"ios","push_token":"t"})", "invalid_field", "/gateway"},
          {R"({"gateway":"fcm","platform":"ios"})", "missing_field", "/push_token"},
          {R"({"gateway":"fcm","platform":"ios","push_token":""})", "invalid_field", "/push_token"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"a b"})", "invalid_field", "/push_token"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"ü"})", "invalid_field", "/push_token"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"a\r\nb"})", "invalid_field", "/push_token"},
          {R"({"gateway":"fcm","platform":"ios","push_token":["t"]})", "invalid_field", "/push_token"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"t","user":"u"})", "unknown_field", "/user"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"t","device_id":"x"})", "unknown_field",
           "/device_id"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"t","environment":"sandbox"})", "invalid_field",
           "/environment"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"t","locale":7})", "invalid_field", "/locale"},
          {R"({"gateway":"fcm","platform":"ios","push_token":"t","properties":[]})", "invalid_field",
           "/properties"},
          {R"({"gateway":"webpush","platform":"web"})", "missing_field", "/subscription"},
          {R"({"gateway":"webpush","platform":"web","push_token":"t"})", "invalid_field", "/push_token"},
          {R"({"gateway":"webpush","platform":"web","subscription":{"keys":{}}})", "missing_field",
           "/subscription/endpoint"},
          {R"({"gateway":"webpush","platform":"web","subscription":{"endpoint":"https://x","keys":{"p256dh":"x"}}})",
           "missing_field", "/subscription/keys/auth"},
          {bad_endpoint.c_str(), "invalid_field", "/subscription/endpoint"},
          {bad_point.c_str(), "invalid_field", "/subscription/keys/p256dh"},
          {bad_auth.c_str(), "invalid_field", "/subscription/keys/auth"},
      })
    check_refused(parse_device(parsed(each.text), "id"), each);
}

TEST_CASE("a misspelt field is told with its neighbour") {
  auto got =
      parse_device(parsed(R"({"gateway":"fcm","platform":"ios","push_token":"t","time_zon":"x"})"), "id");
  REQUIRE(!got.ok());
  CHECK(got.failure().detail.find("time_zone") != std::string::npos);
}

TEST_CASE("device ids are UTF-8 without control characters, up to 128 bytes") {
  for (std::string good : {"a", "a/b:c", "😀", "a b"})
    CHECK(check_device_id(good).ok());
  CHECK(check_device_id(std::string(128, 'x')).ok());
  for (std::string bad : {"", "a\nb", "\x7f", "\xff"})
    CHECK(!check_device_id(bad).ok());
  CHECK(!check_device_id(std::string(129, 'x')).ok());
}

TEST_CASE("an imported device brings its id along") {
  auto good =
      parse_imported_device(parsed(R"({"device_id":"a","gateway":"fcm","platform":"ios","push_token":"t"})"));
  REQUIRE(good.ok());
  CHECK(good->device_id == "a");
  for (const auto& each :
       {refused_case{R"({"gateway":"fcm","platform":"ios","push_token":"t"})", "missing_field", "/device_id"},
        {R"({"device_id":"","gateway":"fcm","platform":"ios","push_token":"t"})", "invalid_field",
         "/device_id"},
        {R"({"device_id":"a\u0000b","gateway":"fcm","platform":"ios","push_token":"t"})", "invalid_field",
         "/device_id"},
        {R"({"device_id":7,"gateway":"fcm","platform":"ios","push_token":"t"})", "invalid_field",
         "/device_id"}})
    check_refused(parse_imported_device(parsed(each.text)), each);
}

TEST_CASE("an exported device is read back by an import as it was") {
  auto point = std::string(86, 'B') + "A";
  for (const auto& text :
       {R"({"device_id":"a/b","gateway":"fcm","platform":"android","push_token":"t"})"s,
        R"({"device_id":"ü","gateway":"apns","platform":"ios","environment":"sandbox","push_token":"t",
               "user_id":"u","locale":"ko-KR","time_zone":"Asia/Seoul","app_version":"1",
               "properties":{"n":9223372036854775807,"s":"\"\\","t":{"time":"2026-01-02T03:04:05Z"},"l":["x"]}})"s,
        R"({"device_id":"w","gateway":"webpush","platform":"web","subscription":{"endpoint":"https://x/",
               "keys":{"p256dh":")"s +
            point + R"(","auth":"AAAAAAAAAAAAAAAAAAAAAA"}}})"}) {
    auto before = parse_imported_device(parsed(text));
    REQUIRE_MESSAGE(before.ok(), before.failure().detail);
    json_text out;
    write_exported_device(out, *before);
    auto line = out.take();
    CAPTURE(line);
    CHECK(line.find('\n') == std::string::npos);
    auto after = parse_imported_device(parsed(line));
    REQUIRE(after.ok());
    CHECK(after->device_id == before->device_id);
    CHECK(after->gateway == before->gateway);
    CHECK(after->platform == before->platform);
    CHECK(after->environment == before->environment);
    CHECK(after->push_token == before->push_token);
    CHECK(bool(after->keys) == bool(before->keys));
    if (after->keys) CHECK(after->keys->p256dh == before->keys->p256dh);
    if (after->keys) CHECK(after->keys->auth == before->keys->auth);
    CHECK(after->user_id == before->user_id);
    CHECK(after->locale == before->locale);
    CHECK(after->time_zone == before->time_zone);
    CHECK(after->app_version == before->app_version);
    CHECK(after->properties == before->properties);
  }
}

TEST_CASE("a merge-patch changes what it names") {
  device onto;
  onto.gateway = gateway::fcm;
  onto.push_token = "t";
  onto.user_id = "u";
  onto.locale = "de";
  onto.properties = R"({"a":1,"b":2})";
  REQUIRE(patch_device(onto, parsed(R"({"user_id":null,"app_version":"2","properties":{"a":null,"c":true}})"))
              .ok());
  CHECK(!onto.user_id);
  CHECK(onto.locale == "de");
  CHECK(onto.app_version == "2");
  CHECK(onto.properties == R"({"b":2,"c":true})");
  REQUIRE(patch_device(onto, parsed("{}")).ok());
  for (const auto& each : {refused_case{R"({"push_token":null})", "invalid_field", "/push_token"},
                           {R"({"gateway":"apns"})", "missing_field", "/push_token"},
                           {R"({"gateway":"webpush"})", "missing_field", "/subscription"},
                           {R"({"propertys":{}})", "unknown_field", "/propertys"},
                           {R"({"locale":1})", "invalid_field", "/locale"},
                           {"[]", "invalid_field", ""}}) {
    auto copy = onto;
    check_refused(patch_device(copy, parsed(each.text)), each);
  }
  REQUIRE(patch_device(onto, parsed(R"({"gateway":"apns","push_token":"n"})")).ok());
  CHECK(onto.push_token == "n");
}

TEST_CASE("a notification is read and written with the same names") {
  auto draft = parse_notification(
      parsed(R"({"content":{"title":"T\n","body":"B","image_url":"https://x/i.png","badge":3,
      "data":{"k":"v"}},"android":{"priority":"HIGH"},"audience":{"condition":{"property":"plan","eq":"pro"}},
      "external_id":"e","ttl_seconds":60,"collapse_key":"c","duplicates":"allow","launch":true})"));
  REQUIRE(draft.ok());
  CHECK(draft->content.title == "T\n");
  CHECK(draft->content.data.at("k") == "v");
  CHECK(draft->android == R"({"priority":"HIGH"})");
  CHECK(draft->ttl_seconds == 60);
  CHECK(draft->allow_duplicates);
  CHECK(draft->launch);
  notification stored;
  stored.id = "n1";
  stored.draft = *draft;
  stored.audience = 5;
  stored.counts[outcome::accepted] = 3;
  auto written = parsed(notification_body(stored));
  CHECK(json::view(written["id"]) == "n1");
  CHECK(json::view(written["state"]) == "draft");
  CHECK(json::view(written["lane"]) == "campaign");
  CHECK(json::view(written["audience"]["condition"]["property"]) == "plan");
  CHECK(written["counts"]["audience"].GetInt() == 5);
  CHECK(written["counts"]["pending"].GetInt() == 2);
  CHECK(written["counts"]["accepted"].GetInt() == 3);
  for (const char* name : {"unregistered", "rejected", "failed", "expired", "canceled", "skipped", "unknown"})
    CHECK(written["counts"][name].GetInt() == 0);
  CHECK(!written["settled"].GetBool());
  CHECK(json::view(written["duplicates"]) == "allow");
}

TEST_CASE("bad notifications are refused with the place of the fault") {
  for (
      const auto& each : {
          refused_case{"{}", "missing_field", "/content"},
          {R"({"content":{"title":"x"}})", "missing_field", "/audience"},
          {R"({"content":{},"audience":{"all":true}})", "missing_field", "/content"},
          {R"({"content":{"titel":"x"},"audience":{"all":true}})", "unknown_field", "/content/titel"},
          {R"({"content":{"title":1},"audience":{"all":true}})", "invalid_field", "/content/title"},
          {R"({"content":{"title":"x","badge":1.5},"audience":{"all":true}})", "invalid_field",
           "/content/badge"},
          {R"({"content":{"title":"x","data":{"a":1}},"audience":{"all":true}})", "invalid_field",
           "/content/data/a"},
          {R"({"content":{"title":"x","data":[]},"audience":{"all":true}})", "invalid_field",
           "/content/data"},
          {R"({"content":{"title":"x","image_url":"ftp://x"},"audience":{"all":true}})", "invalid_field",
           "/content/image_url"},
          {R"({"content":{"title":"x","localizations":[]},"audience":{"all":true}})", "invalid_field",
           "/content/localizations"},
          {R"({"content":{"title":"x","localizations":{"korean!":{}}},"audience":{"all":true}})",
           "invalid_field", "/content/localizations/korean!"},
          {R"({"content":{"title":"x","localizations":{"ko-KR":{},"KO_kr":{}}},"audience":{"all":true}})",
           "invalid_field", "/content/localizations/KO_kr"},
          {R"({"content":{"title":"x","localizations":{"ko":{"localizations":{}}}},"audience":{"all":true}})",
           "unknown_field", "/content/localizations/ko/localizations"},
          {R"({"content":{"localizations":{"ko":{"title":"x"}}},"audience":{"all":true}})", "missing_field",
           "/content"},
          {R"({"content":{"title":"{{name}}"},"audience":{"all":true}})", "invalid_field", "/content/title"},
          {R"({"content":{"title":"x","data":{"{{a}}":"x"}},"audience":{"all":true}})", "invalid_field",
           "/content/data/{{a}}"},
          {R"({"content":{"title":"{{variables.x}}"},"audience":{"all":true}})", "invalid_field",
           "/content/title"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"apns":{"headers":{"a":"{{device.locale}}"}}})",
           "invalid_field", "/apns/headers/a"},
          {R"({"content":{"title":"x"},"audience":{"targets":[{"variables":{}}]}})", "missing_field",
           "/audience/targets/0/device_id"},
          {R"({"content":{"title":"x"},"audience":{"targets":[{"device_id":"a"},{"device_id":"a"}]}})",
           "invalid_field", "/audience/targets/1/device_id"},
          {R"({"content":{"title":"x"},"audience":{"targets":[{"device_id":"a","variables":{"x":[]}}]}})",
           "invalid_field", "/audience/targets/0/variables/x"},
          {R"({"content":{"title":"x"},"audience":{}})", "invalid_field", "/audience"},
          {R"({"content":{"title":"x"},"audience":{"all":false}})", "invalid_field", "/audience/all"},
          {R"({"content":{"title":"x"},"audience":{"all":true,"user_ids":["a"]}})", "invalid_field",
           "/audience"},
          {R"({"content":{"title":"x"},"audience":{"device_ids":[]}})", "invalid_field",
           "/audience/device_ids"},
          {R"({"content":{"title":"x"},"audience":{"device_ids":["a",2]}})", "invalid_field",
           "/audience/device_ids/1"},
          {R"({"content":{"title":"x"},"audience":{"segment":"a b"}})", "invalid_field", "/audience/segment"},
          {R"({"content":{"title":"x"},"audience":{"targets":[]}})", "invalid_field", "/audience/targets"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"android":[]})", "invalid_field", "/android"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"ttl_seconds":0})", "invalid_field",
           "/ttl_seconds"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"ttl_seconds":2419201})", "invalid_field",
           "/ttl_seconds"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"ttl_seconds":"60"})", "invalid_field",
           "/ttl_seconds"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"lane":"fast"})", "invalid_field", "/lane"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"lane":"transactional"})", "invalid_field",
           "/lane"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"collapse_key":"a b"})", "invalid_field",
           "/collapse_key"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"duplicates":"maybe"})", "invalid_field",
           "/duplicates"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"launch":1})", "invalid_field", "/launch"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"scheduled_at":"x"})", "invalid_field",
           "/scheduled_at"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"local_time":"x"})", "invalid_field",
           "/local_time"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"rate_per_second":0})", "invalid_field",
           "/rate_per_second"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"misfire_grace_seconds":-1})", "invalid_field",
           "/misfire_grace_seconds"},
          {R"({"content":{"title":"x"},"audience":{"all":true},"launhc":true})", "unknown_field", "/launhc"},
      })
    check_refused(parse_notification(parsed(each.text)), each);
}

TEST_CASE("localizations and targets are written as they were read") {
  auto draft = parse_notification(parsed(
      R"({"content":{"title":"x","localizations":{"ko_kr":{"title":"y","data":{"a":"b"}},"de":{"badge":1}}},)"
      R"("audience":{"targets":[{"device_id":"a","variables":{"n":3,"t":true,"s":"x"}},{"device_id":"b"}]}})"));
  REQUIRE(draft);
  notification stored;
  stored.draft = *draft;
  auto shown = notification_body(stored);
  CHECK(shown.find(R"("localizations":{"de":{"badge":1},"ko-KR":{"title":"y","data":{"a":"b"}}}})") !=
        std::string::npos);
  CHECK(shown.find(R"("audience":{"targets":[{"device_id":"a","variables":{"n":3,"t":true,"s":"x"}},)"
                   R"({"device_id":"b","variables":{}}]})") != std::string::npos);
}

TEST_CASE("a device never shows its token") {
  stored_device stored;
  stored.value.device_id = "a";
  stored.value.push_token = "very-secret-token-abcd";
  json_text out;
  write_device(out, stored);
  auto text = out.take();
  CHECK(text.find("secret") == std::string::npos);
  CHECK(text.find("abcd") != std::string::npos);
  stored.value.push_token = "short";
  json_text again;
  write_device(again, stored);
  CHECK(again.take().find("hort") == std::string::npos);
}
