#include "transports/device_text.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <random>

#include "model/json.hpp"
#include "model/limits.hpp"
#include "transports/apns/payload.hpp"
#include "transports/fcm/legacy.hpp"
#include "transports/fcm/payload.hpp"
#include "transports/hms/payload.hpp"
#include "transports/rehearsal.hpp"
#include "transports/webpush/encryption.hpp"
#include "transports/webpush/payload.hpp"

using namespace pusher;

namespace {

constexpr utc_ms now = 1'800'000'000'000;

using renderer = std::function<result<std::string>(const message&)>;

const std::vector<std::pair<const char*, renderer>>& renderers() {
  static const std::vector<std::pair<const char*, renderer>> all{
      {"fcm", [](const message& of) { return render_fcm_suffix(of, now); }},
      {"legacy", [](const message& of) { return render_fcm_legacy_suffix(of, now); }},
      {"hms", [](const message& of) { return render_hms_suffix(of, now); }},
      {"apns",
       [](const message& of) -> result<std::string> {
         auto made = render_apns(of);
         return made ? result<std::string>(made->body) : made.failure();
       }},
      {"webpush", [](const message& of) -> result<std::string> {
         auto made = render_web_push(of, now);
         return made ? result<std::string>(made->text) : made.failure();
       }}};
  return all;
}

message prepared(message of) {
  of.expires_at = now + 3'600'000;
  of.variables = variables_of(of);
  return worded(of, 0);
}

message rich_message() {
  message of;
  of.content.title = "{{properties.a | there}}, {{properties.b}}";
  of.content.body = "\"{{properties.b}}\" \\ {{device.locale}}\n{{variables.c | \"\\\"}}";
  of.content.image_url = "https://img.example/{{properties.a}}.png?x={{properties.b}}";
  of.content.deep_link = "https://a.example/{{variables.c}}";
  of.content.data = {{"k", "{{properties.a}}"}, {"url", "https://b.example/?q={{properties.b}}"}};
  of.android = R"({"notification":{"ticker":"{{properties.b}}","body_loc_args":["{{variables.c}}"]}})";
  of.apns = R"({"payload":{"aps":{"thread-id":"t-{{properties.a}}"},"deep":{"er":["{{properties.b}}"]}}})";
  of.webpush = R"({"notification":{"tag":"{{properties.a}}"}})";
  of.hms = R"({"android":{"notification":{"ticker":"{{properties.b}}"}}})";
  return of;
}

/// Texts that have broken programs before.
std::string odd_text(std::minstd_rand& random) {
  static const std::vector<std::string> parts{"\"",
                                              "\\",
                                              "\\u0022",
                                              "\n",
                                              "\r\n",
                                              "\t",
                                              "{{properties.a}}",
                                              "}}",
                                              "🙂",
                                              "\xE2\x80\xAE",
                                              "\xEF\xB7\x90"
                                              "0:0\"",
                                              "é",
                                              "a",
                                              " ",
                                              "/",
                                              "?",
                                              "#",
                                              "%0d",
                                              "},\"x\":{",
                                              "\x01",
                                              "\x7f",
                                              "null",
                                              "日本"};
  std::string made;
  for (auto count = random() % 9; count > 0; --count)
    made += parts[random() % parts.size()];
  return made;
}

}  // namespace

TEST_CASE("filling the blanks gives, byte for byte, what rendering for the device alone gives") {
  auto of = prepared(rich_message());
  REQUIRE_FALSE(of.by_device);
  std::minstd_rand random(7);
  for (int i = 0; i < 400; ++i) {
    std::vector<std::string> values;
    for (size_t v = 0; v < of.variables.size(); ++v)
      values.push_back(odd_text(random));
    auto whole = completed(of, values);
    for (const auto& each : renderers()) {
      auto once = each.second(of);
      REQUIRE_MESSAGE(once, each.first);
      blank_text form(*once, of);
      CHECK_FALSE(form.plain());
      std::string filled;
      form.fill(values, filled);
      auto alone = each.second(whole);
      REQUIRE_MESSAGE(alone, each.first);
      CHECK_MESSAGE(filled == *alone, each.first);
    }
  }
}

TEST_CASE("hostile values reach every gateway as text, and as nothing else") {
  auto of = prepared(rich_message());
  const std::string a = "\"}],\"x\":\"", b = "line\r\nX-Header: 1\t\xE2\x80\xAE🙂\\";
  std::vector<std::string> values(of.variables.size());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = of.variables[i].name == "a" ? a : of.variables[i].name == "b" ? b : "";
  auto of_gateway = [&](gateway which) {
    auto push = rehearse_push({which}, completed(of, values), now);
    REQUIRE(push);
    CHECK_FALSE(push->shortened);
    auto read = json::parse(push->json);
    REQUIRE(read);
    return std::move(*read);
  };
  auto title = a + ", " + b;
  auto fcm = of_gateway(gateway::fcm);
  CHECK(json::view(fcm["notification"]["title"]) == title);
  CHECK(json::view(fcm["android"]["notification"]["ticker"]) == b);
  CHECK(json::view(fcm["data"]["k"]) == a);
  CHECK(json::view(fcm["data"]["url"]) ==
        "https://b.example/?q=line%0D%0AX-Header%3A%201%09%E2%80%AE%F0%9F%99%82%5C");
  CHECK(json::view(fcm["webpush"]["fcm_options"]["link"]) == "https://a.example/");
  auto apns = of_gateway(gateway::apns);
  CHECK(json::view(apns["aps"]["alert"]["title"]) == title);
  CHECK(json::view(apns["aps"]["thread-id"]) == "t-" + a);
  CHECK(json::view(apns["deep"]["er"][0]) == b);
  CHECK(apns.MemberCount() == 6);
  auto web = of_gateway(gateway::webpush);
  CHECK(json::view(web["notification"]["title"]) == title);
  CHECK(json::view(web["notification"]["tag"]) == a);
  auto hms = of_gateway(gateway::hms);
  CHECK(json::view(hms["notification"]["title"]) == title);
  CHECK(json::view(hms["android"]["notification"]["title"]) == title);
  auto data = json::parse(json::view(hms["data"]));
  REQUIRE(data);
  CHECK(json::view((*data)["k"]) == a);
}

TEST_CASE("a push that its values make too large loses the end of its body, at every gateway") {
  message plain;
  plain.content.title = "T";
  plain.content.body = "{{properties.a}}";
  plain.content.data = {{"k", "v"}};
  auto of = prepared(plain);
  for (const std::string& unit :
       {std::string("word "), std::string("\"\\\n"), std::string("👨‍👩‍👧")}) {
    std::string text;
    while (text.size() + unit.size() <= limits::variable_bytes)
      text += unit;
    for (auto which : all_gateways) {
      auto push = rehearse_push({which}, completed(of, {text + "."}), now);
      REQUIRE(push);
      CHECK(push->shortened);
      CHECK(push->bytes <= push->limit);
      // Nothing is wasted: one more character would not fit. HMS holds the body twice.
      CHECK(push->bytes + 4 * unit.size() + 8 > push->limit);
      CHECK(json::parse(push->json));
      CHECK(push->json.find("…") != std::string::npos);
    }
  }
  auto topic = rehearse_push({gateway::fcm, false, true}, completed(of, {std::string(3000, 'x')}), now);
  REQUIRE(topic);
  CHECK(topic->limit == 2048);
  CHECK(topic->bytes <= 2048);
  CHECK(rehearse_push({gateway::fcm}, completed(of, {std::string(3000, 'x')}), now)->shortened == false);
}

TEST_CASE("what shortening the body does not save is refused, never sent") {
  message of;
  of.content.title = "{{properties.a}}{{properties.a}}";
  of.content.body = "short";
  for (auto which : all_gateways) {
    auto push = rehearse_push({which}, completed(prepared(of), {std::string(4000, 'x')}), now);
    REQUIRE_FALSE(push);
    CHECK(push.failure().code == errc::payload_too_large);
    CHECK(refused_content(push.failure()).code == "PAYLOAD_TOO_LARGE");
  }
}

TEST_CASE("requests for devices hold their words, and those of topics what topics may have") {
  auto of = std::make_shared<const message>(prepared(rich_message()));
  push_request fresh;
  auto order = std::make_shared<open_order>();
  order->order.content = of;
  order->order.targets.resize(1);
  order->order.targets[0].values.assign(of->variables.size(), "v");
  fresh.targets.push_back({order, 0, false});
  fresh.rendered = as_rendered(*render_fcm_suffix(*of, now), *of, now);
  int rendered_alone = 0;
  auto render = [&](const message& whole) {
    ++rendered_alone;
    return render_fcm_suffix(whole, now, limits::fcm_message_bytes);
  };
  auto text = text_for_device(fresh, limits::fcm_message_bytes, render);
  REQUIRE(text);
  CHECK(*text == *render_fcm_suffix(completed(*of, order->order.targets[0].values), now));
  CHECK(rendered_alone == 0);
  // An image that a value may make is decided for each device.
  message image;
  image.content.title = "x";
  image.content.image_url = "{{properties.a}}";
  order->order.content = std::make_shared<const message>(prepared(image));
  order->order.targets[0].values = {"no image"};
  fresh.rendered = as_rendered(*render_fcm_suffix(*order->order.content, now), *order->order.content, now);
  text = text_for_device(fresh, limits::fcm_message_bytes, render);
  REQUIRE(text);
  CHECK(rendered_alone == 1);
  CHECK(text->find("image") == std::string::npos);
}
