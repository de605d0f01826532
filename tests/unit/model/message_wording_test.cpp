#include "model/message_wording.hpp"

#include <doctest/doctest.h>

#include "model/device_wording.hpp"
#include "model/json.hpp"
#include "model/limits.hpp"

using namespace pusher;

namespace {

message some_message() {
  message made;
  made.content.title = "Hello {{properties.first_name | there}}";
  made.content.body = "{{variables.body}}";
  made.content.data = {{"order", "{{ variables.order | none }}"}, {"plain", R"(a "quote")"}};
  made.localizations = {{"ko", {}}, {"ko-KR", {}}};
  made.localizations[0].content.title = "{{properties.first_name | 고객}}님";
  made.localizations[0].content.data = {{"order", "ko:{{variables.order}}"}};
  made.localizations[1].content.body = "서울";
  made.android = R"({"notification":{"ticker":"{{device.user_id | nobody}} {{properties.first_name}}"}})";
  made.variables = variables_of(made);
  return made;
}

std::string filled(const std::string& text, const message& of, const std::vector<std::string>& values) {
  std::string made;
  blank_text(text, of).fill(values, made);
  return made;
}

message with_link(const std::string& link) {
  message made;
  made.content.deep_link = link;
  made.variables = variables_of(made);
  return worded(made, 0);
}

std::string link_of(const std::string& link, const std::string& value) {
  return completed(with_link(link), {value}).content.deep_link.value_or("(none)");
}

std::string fault_of(const message& of, bool has_targets = true) {
  auto checked = check_wording(of, has_targets);
  return checked ? "" : checked.failure().pointer;
}

}  // namespace

TEST_CASE("a message's variables are listed once each") {
  auto all = some_message().variables;
  REQUIRE(all.size() == 4);
  CHECK(to_string(all[0]) == "properties.first_name");
  CHECK(to_string(all[1]) == "variables.body");
  CHECK(to_string(all[2]) == "variables.order");
  CHECK(to_string(all[3]) == "device.user_id");
}

TEST_CASE("a localization replaces the fields that it names, and no others") {
  std::vector<std::string> values{"Kim", "B", "7", ""};
  auto none = completed(worded(some_message(), 0), values);
  CHECK(none.content.title == "Hello Kim");
  CHECK(none.content.body == "B");
  CHECK(none.content.data.at("order") == "7");
  auto ko = completed(worded(some_message(), 1), values);
  CHECK(ko.content.title == "Kim님");
  CHECK(ko.content.body == "B");
  CHECK(ko.content.data.at("order") == "ko:7");
  CHECK(ko.content.data.at("plain") == R"(a "quote")");
  CHECK(ko.android == R"({"notification":{"ticker":"nobody Kim"}})");
  auto korea = completed(worded(some_message(), 2), values);
  CHECK(korea.content.title == "Kim님");
  CHECK(korea.content.body == "서울");
  CHECK(korea.content.data.at("order") == "ko:7");
}

TEST_CASE("what has no value gets its default, and without one nothing") {
  auto made = completed(worded(some_message(), 0), {});
  CHECK(made.content.title == "Hello there");
  CHECK(made.content.body == "");
  CHECK(made.content.data.at("order") == "none");
  CHECK(made.android == R"({"notification":{"ticker":"nobody "}})");
}

TEST_CASE("values cannot leave the string that they stand in, however deep") {
  message of;
  of.content.title = "[{{properties.a}}]";
  of.variables = variables_of(of);
  auto words = worded(of, 0);
  const std::string hostile = "\"},\"x\":\"\\\n\r\t\x01{{properties.a}}\\u0041" + words.mark + "0\"";
  rapidjson::Document inner(rapidjson::kObjectType), outer(rapidjson::kObjectType);
  inner.AddMember("title", rapidjson::StringRef(words.content.title->c_str()), inner.GetAllocator());
  auto inner_text = json::to_text(inner);
  outer.AddMember("data", rapidjson::StringRef(inner_text.c_str()), outer.GetAllocator());
  outer.AddMember("title", rapidjson::StringRef(words.content.title->c_str()), outer.GetAllocator());
  auto made = filled(json::to_text(outer), words, {hostile});
  auto read = json::parse(made);
  REQUIRE(read);
  CHECK(json::view((*read)["title"]) == "[" + hostile + "]");
  auto read_inner = json::parse(json::view((*read)["data"]));
  REQUIRE(read_inner);
  CHECK(json::view((*read_inner)["title"]) == "[" + hostile + "]");
  CHECK(*completed(words, {hostile}).content.title == "[" + hostile + "]");
}

TEST_CASE("a text that looks like a blank is none") {
  message of;
  of.content.title = "{{properties.a}}";
  of.content.body = "\xEF\xB7\x90" "0:0\" \xEF\xB7\x90" "1:0\"";
  of.android = "{\"x\":\"\xEF\xB7\x90" "2:0\\\"\"}";
  of.variables = variables_of(of);
  auto made = completed(worded(of, 0), {"v"});
  CHECK(made.content.title == "v");
  CHECK(made.content.body == of.content.body);
  CHECK(made.android == of.android);
}

TEST_CASE("a value stays in its part of a URL") {
  const std::string hostile = "a b/../?x=1&y=2#z%20\r\nSet: \"<ü>";
  CHECK(link_of("https://a.example/?name={{properties.a}}", hostile) ==
        "https://a.example/?name=a%20b%2F..%2F%3Fx%3D1%26y%3D2%23z%2520%0D%0ASet%3A%20%22%3C%C3%BC%3E");
  CHECK(link_of("app://shop/{{properties.a}}/x", "a/b?c#d%\n") == "app://shop/a/b%3Fc%23d%25%0A/x");
  CHECK(link_of("{{properties.a}}&more=1", "https://a.example/?x=ü y\r\n") ==
        "https://a.example/?x=ü%20y%0D%0A&more=1");
  CHECK(link_of("{{properties.a}}", "") == "(none)");
  CHECK(link_of("{{properties.a | app://home}}", "") == "app://home");
  CHECK(link_of("app://{{properties.a}}", "") == "app://");
}

TEST_CASE("a URL in data or an override is one when it begins so and has no blanks") {
  message of;
  of.content.data = {{"page", "https://a.example/{{properties.a}}"},
                     {"words", "https://a.example/ says {{properties.a}}"}};
  of.variables = variables_of(of);
  auto made = completed(worded(of, 0), {"x y"});
  CHECK(made.content.data.at("page") == "https://a.example/x%20y");
  CHECK(made.content.data.at("words") == "https://a.example/ says x y");
}

TEST_CASE("an image that comes out as no URL is left out") {
  message of;
  of.content.image_url = "{{variables.image}}";
  of.content.icon_url = "https://a.example/{{variables.image}}.png";
  of.variables = variables_of(of);
  auto words = worded(of, 0);
  CHECK(words.by_device);
  CHECK_FALSE(completed(words, {}).content.image_url);
  CHECK_FALSE(completed(words, {"javascript:alert(1)"}).content.image_url);
  CHECK(completed(words, {"https://b.example/i.png"}).content.image_url == "https://b.example/i.png");
  CHECK(completed(words, {"7"}).content.icon_url == "https://a.example/7.png");
}

TEST_CASE("texts of callers who know of no variables mean what they say") {
  notification_draft draft;
  draft.content.title = R"({{name}} \{{{ \\{{x \ {{{{)";
  draft.content.data = {{"k", "{{properties.x}}"}};
  draft.android = R"({"notification":{"ticker":"\\{{properties.x}}","tag":"plain"}})";
  auto as_given = draft;
  take_literally(draft);
  auto of = message_of(draft);
  CHECK(check_wording(of, false));
  CHECK(of.variables.empty());
  auto made = worded(of, 0);
  CHECK(made.content.title == as_given.content.title);
  CHECK(made.content.data == as_given.content.data);
  CHECK(made.android == as_given.android);
}

TEST_CASE("faults of texts are found at creation, with their place") {
  message of;
  CHECK(fault_of(of).empty());
  of.content.title = "{{nobody}}";
  CHECK(fault_of(of) == "/content/title");
  of.content = {};
  of.content.data = {{"a/b", "{{x.y}}"}};
  CHECK(fault_of(of) == "/content/data/a~1b");
  of.content = {};
  of.localizations = {{"ko-KR", {}}};
  of.localizations[0].content.deep_link = "app://{{properties.x";
  CHECK(fault_of(of) == "/content/localizations/ko-KR/deep_link");
  of.localizations.clear();
  of.apns = R"({"payload":{"aps":{"alert":{"loc-args":["ok","{{properties}}"]}}}})";
  CHECK(fault_of(of) == "/apns/payload/aps/alert/loc-args/1");
  of.apns = R"({"headers":{"apns-collapse-id":"{{properties.x}}"}})";
  CHECK(fault_of(of) == "/apns/headers/apns-collapse-id");
  of.apns.clear();
  of.content.body = "{{variables.x}}";
  CHECK(fault_of(of, true).empty());
  CHECK(fault_of(of, false) == "/content/body");
  of.content.body.reset();
  for (size_t i = 0; i <= limits::variables; ++i)
    of.content.data["k" + std::to_string(i)] = "{{properties.p" + std::to_string(i) + "}}";
  CHECK(fault_of(of) == "/content");
}

TEST_CASE("a device's words are read from its row and its target") {
  auto of = some_message();
  audience to = audience_targets{{{"d-1", R"({"order":12.50,"body":"line\nbreak\u0007","more":true})"}}};
  device_wording wording(of, to);
  CHECK(wording.needs_attributes());
  CHECK(wording.needs_properties());
  device_row row;
  row.device_id = "d-1";
  row.locale = "ko_KP";
  row.properties = R"({"first_name":"J\u00fcrgen \"J\"","tags":["a","b"]})";
  device_reader reader;
  reader.load(row);
  push_target target;
  wording.describe(reader, target);
  CHECK(target.localization == 1);
  CHECK(target.values == std::vector<std::string>{"Jürgen \"J\"", "line\nbreak", "12.50", ""});
  row.device_id = "d-2";
  row.user_id = "u";
  row.locale = "fr";
  row.properties = R"({"first_name":["x","y"]})";
  reader.load(row);
  push_target other;
  wording.describe(reader, other);
  CHECK(other.localization == 0);
  CHECK(other.values == std::vector<std::string>{"x, y", "", "", "u"});
  std::string long_name = "{\"first_name\":\"" + std::string(limits::variable_bytes - 1, 'x') + "ö\"}";
  row.properties = long_name;
  reader.load(row);
  wording.describe(reader, other);
  CHECK(other.values[0] == std::string(limits::variable_bytes - 1, 'x'));
}

TEST_CASE("a message without variables and localizations needs nothing of its devices") {
  message of;
  of.content.title = R"(\{{ braces }})";
  of.variables = variables_of(of);
  device_wording wording(of, audience_all{});
  CHECK_FALSE(wording.needs_attributes());
  CHECK_FALSE(wording.needs_properties());
  push_target target;
  device_reader reader;
  wording.describe(reader, target);
  CHECK(target.localization == 0);
  CHECK(target.values.empty());
  CHECK(worded(of, 0).blanks.empty());
  CHECK(worded(of, 0).content.title == "{{ braces }}");
}
