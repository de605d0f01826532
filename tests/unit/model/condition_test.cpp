#include "model/condition.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "model/json.hpp"

using namespace pusher;

namespace {

device_row some_device() {
  device_row row;
  row.key = {1};
  row.device_id = "d1";
  row.gateway = gateway::fcm;
  row.platform = platform::android;
  row.locale = "ko-KR";
  row.user_id = "u1";
  row.app_version = "1.2.3";
  row.created_at = *parse_rfc3339("2026-01-01T00:00:00Z");
  row.last_seen_at = *parse_rfc3339("2026-06-01T00:00:00Z");
  row.properties =
      R"({"plan":"pro","level":10,"big":9007199254740993,"ratio":0.5,"beta":true,"tags":["vip","eu"],)"
      R"("huge":18446744073709551615,"since":{"time":"2026-03-01T00:00:00Z"},"empty":"","Plan":"x","none":[]})";
  return row;
}

bool meets(const std::string& json) {
  auto parsed = condition::parse(json);
  REQUIRE_MESSAGE(parsed.ok(), json << ": " << (parsed ? "" : parsed.failure().detail));
  static device_reader reader;
  reader.load(some_device());
  bool first = parsed->matches(reader);
  // The canonical text means the same.
  auto again = condition::parse(parsed->to_json());
  REQUIRE(again);
  CHECK(again->matches(reader) == first);
  return first;
}

error fault(const std::string& json) {
  auto parsed = condition::parse(json);
  REQUIRE_MESSAGE(!parsed.ok(), json);
  return parsed.failure();
}

}  // namespace

TEST_CASE("the empty condition means every device") {
  CHECK(meets("{}"));
  CHECK(condition().matches_all());
  CHECK(condition::parse("{}")->matches_all());
  CHECK(meets(R"({"all":[]})"));
  CHECK_FALSE(meets(R"({"any":[]})"));
}

TEST_CASE("equality holds for the same type and value only") {
  CHECK(meets(R"({"property":"plan","eq":"pro"})"));
  CHECK_FALSE(meets(R"({"property":"plan","eq":"PRO"})"));
  CHECK_FALSE(meets(R"({"property":"level","eq":"10"})"));
  CHECK(meets(R"({"property":"level","eq":10.0})"));
  CHECK(meets(R"({"property":"beta","eq":true})"));
  CHECK_FALSE(meets(R"({"property":"beta","eq":1})"));
  CHECK(meets(R"({"property":"empty","eq":""})"));
  CHECK(meets(R"({"property":"Plan","eq":"x"})"));
}

TEST_CASE("large integers compare exactly") {
  CHECK(meets(R"({"property":"big","eq":9007199254740993})"));
  CHECK_FALSE(meets(R"({"property":"big","eq":9007199254740992})"));
  CHECK(meets(R"({"property":"big","gt":9007199254740992})"));
  CHECK(meets(R"({"property":"huge","eq":18446744073709551615})"));
  CHECK_FALSE(meets(R"({"property":"huge","eq":18446744073709551614})"));
  CHECK(meets(R"({"property":"huge","gt":9223372036854775807})"));
  CHECK(meets(R"({"property":"huge","gt":-1})"));
  CHECK(meets(R"({"property":"level","lt":18446744073709551615})"));
}

TEST_CASE("a fraction equals itself, however many digits it has") {
  device_reader reader;
  auto row = some_device();
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    char digits[64];
    auto power = static_cast<int>(random() % 60) - 30;
    std::snprintf(digits, sizeof digits, "%.17g", std::ldexp(static_cast<double>(random()), power));
    auto properties = std::string(R"({"x":)") + digits + "}";
    row.properties = properties;
    reader.load(row);
    CHECK(condition::parse(std::string(R"({"property":"x","eq":)") + digits + "}")->matches(reader));
  }
}

TEST_CASE("a missing property makes every comparison false, and its negation true") {
  for (const char* op : {R"("eq":"a")", R"("ne":"a")", R"("gt":1)", R"("in":["a"])", R"("prefix":"a")",
                         R"("contains":"a")", R"("between":[1,2])", R"("exists":true)"}) {
    CHECK_FALSE(meets(std::string(R"({"property":"absent",)") + op + "}"));
    CHECK(meets(std::string(R"({"not":{"property":"absent",)") + op + "}}"));
  }
  CHECK(meets(R"({"property":"absent","exists":false})"));
  CHECK_FALSE(meets(R"({"attribute":"time_zone","eq":"Asia/Seoul"})"));
}

TEST_CASE("ne needs a value of the same type that differs") {
  CHECK(meets(R"({"property":"plan","ne":"free"})"));
  CHECK_FALSE(meets(R"({"property":"plan","ne":"pro"})"));
  CHECK_FALSE(meets(R"({"property":"level","ne":"pro"})"));
}

TEST_CASE("orders hold for numbers and times") {
  CHECK(meets(R"({"property":"level","gte":10})"));
  CHECK_FALSE(meets(R"({"property":"level","gt":10})"));
  CHECK(meets(R"({"property":"level","lt":10.5})"));
  CHECK(meets(R"({"property":"level","between":[10,20]})"));
  CHECK_FALSE(meets(R"({"property":"level","between":[11,20]})"));
  CHECK(meets(R"({"property":"since","gt":{"time":"2026-02-01T00:00:00Z"}})"));
  CHECK(meets(R"({"property":"since","eq":{"time":"2026-03-01T09:00:00+09:00"}})"));
  CHECK_FALSE(meets(R"({"property":"since","eq":"2026-03-01T00:00:00Z"})"));
}

TEST_CASE("in, prefix and contains") {
  CHECK(meets(R"({"property":"plan","in":["free","pro"]})"));
  CHECK_FALSE(meets(R"({"property":"plan","in":[]})"));
  CHECK(meets(R"({"property":"plan","in":["z",7,"pro",true,"a",{"time":"2026-03-01T00:00:00Z"}]})"));
  CHECK(meets(R"({"property":"level","in":["10","z",7,10.0]})"));
  CHECK_FALSE(meets(R"({"property":"level","in":["10","z",7,true]})"));
  CHECK(meets(R"({"property":"since","in":["a",1,{"time":"2026-03-01T00:00:00Z"}]})"));
  CHECK(meets(R"({"property":"plan","prefix":"pr"})"));
  CHECK_FALSE(meets(R"({"property":"plan","prefix":"pros"})"));
  CHECK(meets(R"({"property":"plan","contains":"ro"})"));
  CHECK(meets(R"({"property":"tags","contains":"vip"})"));
  CHECK_FALSE(meets(R"({"property":"tags","contains":"vi"})"));
  CHECK_FALSE(meets(R"({"property":"none","contains":"x"})"));
}

TEST_CASE("attributes have their own names and types") {
  CHECK(meets(R"({"attribute":"platform","eq":"android"})"));
  CHECK(meets(R"({"attribute":"gateway","in":["fcm","hms"]})"));
  CHECK(meets(R"({"attribute":"language","eq":"ko"})"));
  CHECK(meets(R"({"not":{"attribute":"locale","in":["en","en-GB"]}})"));
  CHECK(meets(R"({"attribute":"created_at","lt":"2026-02-01T00:00:00Z"})"));
  CHECK(meets(R"({"attribute":"last_seen_at","gte":{"time":"2026-06-01T00:00:00Z"}})"));
}

TEST_CASE("all, any and not nest") {
  CHECK(meets(R"({"all":[{"property":"plan","eq":"pro"},{"any":[{"property":"level","gte":99},)"
              R"({"property":"tags","contains":"vip"}]},{"not":{"attribute":"locale","in":["ko"]}}]})"));
}

TEST_CASE("errors lead to the fault and name the nearest word") {
  auto misspelt = fault(R"({"all":[{"property":"a","eq":1},{"property":"b","equals":1}]})");
  CHECK(misspelt.code == errc::invalid_condition);
  CHECK(misspelt.pointer == "/all/1/equals");
  auto near = fault(R"({"attribute":"platfrom","eq":"ios"})");
  CHECK(near.pointer == "/attribute");
  CHECK(near.detail.find("\"platform\"") != std::string::npos);
  CHECK(fault(R"({"al":[]})").detail.find("\"all\"") != std::string::npos);
  CHECK(fault(R"({"property":"a"})").pointer.empty());
  CHECK(fault(R"({"property":"a","eq":null})").pointer == "/eq");
  CHECK(fault(R"({"property":"a","eq":1,"gt":2})").pointer == "/gt");
  CHECK(fault(R"({"property":"a","attribute":"locale","eq":1})").pointer == "/attribute");
  CHECK(fault(R"({"property":"a","between":[1]})").pointer == "/between");
  CHECK(fault(R"({"property":"a","in":[1,{}]})").pointer == "/in/1");
  CHECK(fault(R"({"attribute":"created_at","gt":"yesterday"})").pointer == "/gt");
  CHECK(fault(R"({"attribute":"locale","eq":7})").pointer == "/eq");
  CHECK(fault(R"({"all":[],"any":[]})").pointer == "/any");
  CHECK(fault(R"([])").pointer.empty());
  CHECK(fault(R"({"all":{}})").pointer == "/all");
  CHECK(fault(R"({"not":[]})").pointer == "/not");
}

TEST_CASE("depth and number of comparisons are bounded") {
  std::string deep = R"({"property":"a","eq":1})";
  for (int i = 0; i < 15; ++i)
    deep = R"({"not":)" + deep + "}";
  CHECK(condition::parse(deep).ok());
  CHECK_FALSE(condition::parse(R"({"not":)" + deep + "}").ok());
  std::string many = R"({"any":[)";
  for (int i = 0; i < 256; ++i)
    many += std::string(i ? "," : "") + R"({"property":"a","eq":1})";
  CHECK(condition::parse(many + "]}").ok());
  CHECK_FALSE(condition::parse(many + R"(,{"property":"a","eq":1}]})").ok());
}

TEST_CASE("a condition of full depth fits into a request") {
  std::string deep = R"({"property":"a","in":[{"time":"2026-01-01T00:00:00Z"}]})";
  for (int i = 0; i < 15; ++i)
    deep = R"({"all":[)" + deep + "]}";
  auto request = json::parse(R"({"audience":{"condition":)" + deep + "}}");
  REQUIRE(request);
  CHECK(condition::parse((*request)["audience"]["condition"], "/audience/condition").ok());
}

TEST_CASE("a list of values is bounded by the size of the condition") {
  std::string many = R"({"property":"a","in":["x")";
  for (int i = 0; i < 20'000; ++i)
    many += R"(,"abc")";
  auto refused = fault(many + "]}");
  CHECK(refused.code == errc::invalid_condition);
  CHECK(refused.detail.find("65536 bytes") != std::string::npos);
}

TEST_CASE("properties that cannot be read count as missing") {
  device_reader reader;
  auto row = some_device();
  for (const char* broken : {"", "nonsense", "[]", R"({"plan":)"}) {
    row.properties = broken;
    reader.load(row);
    CHECK_FALSE(condition::parse(R"({"property":"plan","eq":"pro"})")->matches(reader));
  }
  std::string deep(200'000, '[');
  row.properties = deep;
  reader.load(row);
  CHECK(reader.property("plan") == nullptr);
}

TEST_CASE("a reader takes large and small properties in turn, and NUL in names and values") {
  device_reader reader;
  device_row row;
  std::string large = R"({"plan":"pro")";
  for (int i = 0; i < 2000; ++i)
    large += ",\"p" + std::to_string(i) + "\":[\"some\",\"text\"]";
  large += "}";
  const std::string small = R"({"a\u0000b":"x\u0000y","plan":"free"})";
  auto pro = condition::parse(R"({"property":"plan","eq":"pro"})");
  auto nul = condition::parse(R"({"property":"a\u0000b","eq":"x\u0000y"})");
  auto cut = condition::parse(R"({"property":"a","exists":true})");
  for (int i = 0; i < 10; ++i) {
    row.properties = large;
    reader.load(row);
    CHECK(pro->matches(reader));
    CHECK_FALSE(nul->matches(reader));
    row.properties = small;
    reader.load(row);
    CHECK_FALSE(pro->matches(reader));
    CHECK(nul->matches(reader));
    CHECK_FALSE(cut->matches(reader));
  }
}
