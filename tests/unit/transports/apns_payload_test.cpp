// What an APNs request says of a notification.
#include <doctest/doctest.h>

#include "model/json.hpp"
#include "transports/apns/payload.hpp"
#include "transports/push_id.hpp"

using namespace pusher;

namespace {

message some_message() {
  message made;
  made.key = {7};
  made.expires_at = 1'800'000'000'500;
  made.content.title = "Sale";
  made.content.body = "Today";
  return made;
}

apns_request rendered(const message& content) {
  auto made = render_apns(content);
  REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.failure().detail));
  return *made;
}

error refused(const std::string& apns, message content = some_message()) {
  content.apns = apns;
  auto made = check_apns_message(content);
  REQUIRE_FALSE(made.ok());
  return made.failure();
}

}  // namespace

TEST_CASE("content becomes an alert with Apple's names") {
  auto content = some_message();
  content.content.sound = "ding.caf";
  content.content.badge = 3;
  content.content.image_url = "https://example.com/a.png";
  content.content.deep_link = "app://sale";
  content.content.data = {{"campaign", "spring"}};
  content.collapse_key = "sale";
  auto made = rendered(content);
  CHECK(made.type->name == "alert");
  CHECK(made.priority == "10");
  CHECK(made.expiration == "1800000000");
  CHECK(made.collapse_id == "sale");
  CHECK(made.topic.empty());
  CHECK(
      made.body ==
      R"({"aps":{"alert":{"title":"Sale","body":"Today"},"sound":"ding.caf","badge":3,"mutable-content":1},)"
      R"("campaign":"spring","deep_link":"app://sale","image_url":"https://example.com/a.png"})");
}

TEST_CASE("a notification may give its pushes their id") {
  auto content = some_message();
  CHECK(rendered(content).id.empty());
  content.apns = R"({"headers":{"apns-id":"019ab1c2-8a10-7c3e-9f00-0a1b2c3d4e5f"}})";
  CHECK(rendered(content).id == "019ab1c2-8a10-7c3e-9f00-0a1b2c3d4e5f");
  CHECK(refused(R"({"headers":{"apns-id":"mine"}})").pointer == "/apns/headers/apns-id");
}

TEST_CASE("a push without anything to show is a background push of priority 5") {
  message content = some_message();
  content.content = {};
  content.content.data = {{"sync", "now"}};
  auto made = rendered(content);
  CHECK(made.type->name == "background");
  CHECK(made.priority == "5");
  CHECK(made.body == R"({"aps":{"content-available":1},"sync":"now"})");
  content.apns = R"({"payload":{"aps":{"alert":"shown"}}})";
  CHECK(rendered(content).type->name == "alert");
}

TEST_CASE("the override is merged, and its headers choose type, priority, topic and collapse id") {
  auto content = some_message();
  content.apns =
      R"({"headers":{"apns-push-type":"voip","apns-priority":"5","apns-collapse-id":"c","apns-topic":"org.other"},)"
      R"("payload":{"aps":{"sound":{"critical":1,"name":"s","volume":0.5},"alert":{"body":null,"loc-key":"K"},)"
      R"("category":"x","thread-id":"t","interruption-level":"critical","relevance-score":0.7},"own":{"a":[1]}}})";
  auto made = rendered(content);
  CHECK(made.type->name == "voip");
  CHECK(made.type->topic_suffix == ".voip");
  CHECK(made.priority == "5");
  CHECK(made.collapse_id == "c");
  CHECK(made.topic == "org.other");
  CHECK(made.body.find(R"("alert":{"title":"Sale","loc-key":"K"})") != std::string::npos);
  CHECK(made.body.find(R"("own":{"a":[1]})") != std::string::npos);
}

TEST_CASE("each push type has its topic, priority and room") {
  struct row {
    const char* name;
    const char* suffix;
    const char* priority;
  };
  for (const auto& each : std::initializer_list<row>{
           {"alert", "", "10"},
           {"background", "", "5"},
           {"voip", ".voip", "10"},
           {"complication", ".complication", "10"},
           {"fileprovider", ".pushkit.fileprovider", "10"},
           {"location", ".location-query", "10"},
           {"pushtotalk", ".voip-ptt", "10"},
           {"widgets", ".push-type.widgets", "10"},
           {"controls", ".push-type.controls", "10"},
       }) {
    CAPTURE(each.name);
    auto content = some_message();
    content.apns = std::string(R"({"headers":{"apns-push-type":")") + each.name + R"("}})";
    auto made = rendered(content);
    CHECK(made.type->topic_suffix == each.suffix);
    CHECK(made.priority == each.priority);
  }
  auto content = some_message();
  content.apns = R"({"headers":{"apns-push-type":"mdm"},"payload":{"mdm":"magic"}})";
  CHECK(rendered(content).body == R"({"mdm":"magic"})");
}

TEST_CASE("sizes are checked where Apple draws the line") {
  auto content = some_message();
  content.content.body = std::string(4096 - rendered(content).body.size() + 5, 'x');
  CHECK(rendered(content).body.size() == 4096);
  *content.content.body += "x";
  CHECK(check_apns_message(content).failure().code == errc::payload_too_large);
  content.apns = R"({"headers":{"apns-push-type":"voip"}})";
  CHECK(check_apns_message(content).ok());
  *content.content.body += std::string(1024, 'x');
  CHECK(check_apns_message(content).failure().code == errc::payload_too_large);
}

TEST_CASE("what Apple would refuse is refused with a pointer") {
  CHECK(refused("[]").code == errc::invalid_field);
  CHECK(refused(R"({"headers":[]})").pointer == "/apns/headers");
  CHECK(refused(R"({"payload":1})").pointer == "/apns/payload");
  CHECK(refused(R"({"headers":{"apns-push-type":"alarm"}})").pointer == "/apns/headers/apns-push-type");
  CHECK(refused(R"({"headers":{"apns-priority":"7"}})").pointer == "/apns/headers/apns-priority");
  CHECK(refused(R"({"headers":{"apns-priority":5}})").pointer == "/apns/headers/apns-priority");
  CHECK(refused(R"({"headers":{"apns-push-type":"background","apns-priority":"10"}})").pointer ==
        "/apns/headers/apns-priority");
  CHECK(refused(R"({"headers":{"apns-collapse-id":")" + std::string(65, 'c') + R"("}})").pointer ==
        "/apns/headers/apns-collapse-id");
  CHECK(refused(R"({"headers":{"apns-expiration":"soon"}})").pointer == "/apns/headers/apns-expiration");
  CHECK(refused(R"({"payload":{"aps":1}})").pointer == "/apns/payload/aps");
  CHECK(refused(R"({"payload":{"aps":{"interruption-level":"loud"}}})").pointer ==
        "/apns/payload/aps/interruption-level");
  CHECK(refused(R"({"payload":{"aps":{"sound":{"volume":2}}}})").pointer == "/apns/payload/aps/sound");
  CHECK(refused(R"({"payload":{"aps":{"badge":-1}}})").pointer == "/apns/payload/aps/badge");
  CHECK(refused(R"({"headers":{"apns-push-type":"liveactivity"}})").pointer == "/apns/payload/aps/event");
  CHECK(refused(R"({"headers":{"apns-push-type":"liveactivity"},"payload":{"aps":{"event":"update"}}})")
            .pointer == "/apns/payload/aps/timestamp");
  auto reserved = some_message();
  reserved.content.data = {{"aps", "x"}};
  CHECK(check_apns_message(reserved).failure().pointer == "/content/data/aps");
}

TEST_CASE("a push's id is a UUID that depends on notification and device alone") {
  auto id = push_id({7}, {9});
  CHECK(id.size() == 36);
  CHECK(id[14] == '8');
  CHECK(id == push_id({7}, {9}));
  CHECK(id != push_id({7}, {10}));
  CHECK(id != push_id({79}, {}));
}
