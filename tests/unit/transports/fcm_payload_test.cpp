#include <doctest/doctest.h>

#include <rapidjson/document.h>

#include "model/json.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/json_tokens.hpp"

using namespace pusher;

namespace {

constexpr utc_ms now = 1'764'000'000'000;

message full_message() {
  message made;
  made.content.title = "Say \"hi\" \\ \n to Größe";
  made.content.body = "Body";
  made.content.image_url = "https://example.com/i.png";
  made.content.icon_url = "https://example.com/icon.png";
  made.content.deep_link = "https://example.com/open";
  made.content.sound = "ping";
  made.content.badge = 3;
  made.content.data = {{"k\"1", "v\t1"}, {"k2", "v2"}};
  made.collapse_key = "spring";
  made.expires_at = now + 90'500;
  return made;
}

rapidjson::Document body_of(const message& content, const std::string& token = "token") {
  auto suffix = render_fcm_suffix(content, now);
  REQUIRE(suffix.ok());
  std::string scratch;
  std::string body = fcm_body_prefix("token", false) + std::string(escape_token(token, scratch)) + *suffix;
  auto parsed = json::parse(body);
  REQUIRE_MESSAGE(parsed.ok(), body);
  return *std::move(parsed);
}

std::string text_at(const rapidjson::Document& body, const char* pointer) {
  const rapidjson::Value* at = &body["message"];
  std::string path = pointer;
  for (size_t begin = 0, end = 0; begin < path.size(); begin = end + 1) {
    end = std::min(path.find('/', begin), path.size());
    auto found = at->FindMember(path.substr(begin, end - begin).c_str());
    if (found == at->MemberEnd()) return "(absent)";
    at = &found->value;
  }
  return json::to_text(*at);
}

}  // namespace

TEST_CASE("content is rendered for every platform") {
  auto body = body_of(full_message());
  CHECK(text_at(body, "token") == R"("token")");
  CHECK(text_at(body, "notification/title") == R"("Say \"hi\" \\ \n to Größe")");
  CHECK(text_at(body, "notification/body") == R"("Body")");
  CHECK(text_at(body, "notification/image") == R"("https://example.com/i.png")");
  CHECK(text_at(body, "data") == R"({"k\"1":"v\t1","k2":"v2","deep_link":"https://example.com/open"})");
  CHECK(text_at(body, "android/ttl") == R"("90s")");
  CHECK(text_at(body, "android/collapse_key") == R"("spring")");
  CHECK(text_at(body, "android/notification") == R"({"sound":"ping","tag":"spring","notification_count":3})");
  CHECK(text_at(body, "apns/headers") == R"({"apns-expiration":"1764000090","apns-collapse-id":"spring"})");
  CHECK(text_at(body, "apns/payload") == R"({"aps":{"badge":3,"sound":"ping"}})");
  CHECK(text_at(body, "webpush/headers") == R"({"TTL":"90","Topic":"spring"})");
  CHECK(text_at(body, "webpush/notification") == R"({"icon":"https://example.com/icon.png"})");
  CHECK(text_at(body, "webpush/fcm_options") == R"({"link":"https://example.com/open"})");
}

TEST_CASE("what is not given is not rendered") {
  message plain;
  plain.content.title = "Hello";
  plain.expires_at = now + 1'000;
  auto body = body_of(plain);
  CHECK(text_at(body, "notification") == R"({"title":"Hello"})");
  CHECK(text_at(body, "data") == "(absent)");
  CHECK(text_at(body, "android") == R"({"ttl":"1s"})");
  CHECK(text_at(body, "apns/payload") == "(absent)");
  CHECK(text_at(body, "webpush") == R"({"headers":{"TTL":"1"}})");
}

TEST_CASE("data without anything to show is a background push for iOS") {
  message silent;
  silent.content.data = {{"sync", "1"}};
  silent.expires_at = now + 1'000;
  auto body = body_of(silent);
  CHECK(text_at(body, "notification") == "(absent)");
  CHECK(text_at(body, "apns/headers/apns-priority") == R"("5")");
  CHECK(text_at(body, "apns/payload/aps") == R"({"content-available":1})");
}

TEST_CASE("a client's own deep_link in data stays, and a link that is not https is for apps only") {
  auto content = full_message();
  content.content.deep_link = "shop://cart";
  content.content.data = {{"deep_link", "mine"}};
  auto body = body_of(content);
  CHECK(text_at(body, "data") == R"({"deep_link":"mine"})");
  CHECK(text_at(body, "webpush/fcm_options") == "(absent)");
}

TEST_CASE("the time-to-live is never negative and never beyond what FCM allows") {
  auto content = full_message();
  content.expires_at = now - 5;
  CHECK(text_at(body_of(content), "android/ttl") == R"("0s")");
  content.expires_at = now + int64_t{10} * 365 * 86'400'000;
  CHECK(text_at(body_of(content), "android/ttl") == R"("2419200s")");
}

TEST_CASE("a platform's override is merged over what was rendered, and null removes") {
  auto content = full_message();
  content.android = R"({"priority":"HIGH","notification":{"icon":"ic_sale","sound":null},"ttl":"5s"})";
  content.apns = R"({"payload":{"aps":{"badge":null,"mutable-content":1}},"headers":{"apns-priority":"10"}})";
  content.webpush = R"({"notification":{"actions":[{"action":"open"}]}})";
  auto body = body_of(content);
  CHECK(text_at(body, "android/priority") == R"("HIGH")");
  CHECK(text_at(body, "android/ttl") == R"("5s")");
  CHECK(text_at(body, "android/notification") ==
        R"({"tag":"spring","notification_count":3,"icon":"ic_sale"})");
  CHECK(text_at(body, "apns/payload") == R"({"aps":{"sound":"ping","mutable-content":1}})");
  CHECK(text_at(body, "apns/headers/apns-priority") == R"("10")");
  CHECK(text_at(body, "webpush/notification/actions") == R"([{"action":"open"}])");
}

TEST_CASE("an override that is not an object is corrupt") {
  auto content = full_message();
  content.apns = "[1]";
  CHECK(render_fcm_suffix(content, now).failure().code == errc::corrupt_data);
}

TEST_CASE("tokens are escaped only where JSON asks for it") {
  std::string scratch;
  CHECK(escape_token("abc:DEF-_123", scratch) == "abc:DEF-_123");
  CHECK(scratch.empty());
  CHECK(escape_token("a\"b\\c\n", scratch) == R"(a\"b\\c\n)");
  CHECK(std::string(body_of(full_message(), "a\"b\\c\x01")["message"]["token"].GetString()) == "a\"b\\c\x01");
}

TEST_CASE("keys of data that FCM keeps for itself are refused by name") {
  for (const char* key : {"from", "message_type", "google.c.a", "gcm.notification.title"}) {
    auto content = full_message();
    content.content.data[key] = "x";
    auto checked = check_fcm_message(content);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.failure().code == errc::invalid_field);
    CHECK(checked.failure().pointer == "/content/data/" + std::string(key));
  }
  auto content = full_message();
  content.content.data = {{"from_shop", "x"}, {"googler", "y"}};
  CHECK(check_fcm_message(content).ok());
}

TEST_CASE("data of the android override obeys the same rules") {
  auto content = full_message();
  content.android = R"({"data":{"from":"x"}})";
  CHECK(check_fcm_message(content).failure().pointer == "/android/data/from");
  content.android = R"({"data":{"n":1}})";
  CHECK(check_fcm_message(content).failure().pointer == "/android/data/n");
}

TEST_CASE("a message that FCM would find too big is refused") {
  auto content = full_message();
  content.content.body = std::string(3'700, 'x');
  CHECK(check_fcm_message(content).ok());
  content.content.body = std::string(4'096, 'x');
  auto checked = check_fcm_message(content);
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.failure().code == errc::payload_too_large);
  CHECK(checked.failure().pointer == "/content");
}
