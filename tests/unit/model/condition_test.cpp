#include "model/condition.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "model/json.hpp"

using namespace pusher;

namespace {

const utc_ms as_of = *parse_rfc3339("2026-06-08T00:00:00Z");

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
  bool first = parsed->matches(reader, as_of);
  // The canonical text means the same.
  auto again = condition::parse(parsed->to_json());
  REQUIRE(again);
  CHECK(again->matches(reader, as_of) == first);
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
    CHECK(condition::parse(std::string(R"({"property":"x","eq":)") + digits + "}")->matches(reader, as_of));
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
    CHECK_FALSE(condition::parse(R"({"property":"plan","eq":"pro"})")->matches(reader, as_of));
  }
  std::string deep(200'000, '[');
  row.properties = deep;
  reader.load(row);
  CHECK_FALSE(reader.property("plan"));
}

TEST_CASE("a reader takes large and small properties in turn, and NUL in values") {
  device_reader reader;
  device_row row;
  std::string large = R"({"plan":"pro")";
  for (int i = 0; i < 2000; ++i)
    large += ",\"p" + std::to_string(i) + "\":[\"some\",\"text\"]";
  large += "}";
  const std::string small = R"({"b":"x\u0000y","plan":"free"})";
  auto pro = condition::parse(R"({"property":"plan","eq":"pro"})");
  auto nul = condition::parse(R"({"property":"b","eq":"x\u0000y"})");
  auto cut = condition::parse(R"({"property":"b","eq":"x"})");
  for (int i = 0; i < 10; ++i) {
    row.properties = large;
    reader.load(row);
    CHECK(pro->matches(reader, as_of));
    CHECK_FALSE(nul->matches(reader, as_of));
    row.properties = small;
    reader.load(row);
    CHECK_FALSE(pro->matches(reader, as_of));
    CHECK(nul->matches(reader, as_of));
    CHECK_FALSE(cut->matches(reader, as_of));
  }
}

TEST_CASE("a property's name is held to the rules of properties") {
  for (const char* name : {R"(a\u0000b)", R"(\n)", R"(\u007f)", ""})
    CHECK(fault(std::string(R"({"property":")") + name + R"(","eq":1})").pointer == "/property");
  CHECK(fault(R"({"property":")" + std::string(65, 'a') + R"(","eq":1})").pointer == "/property");
  CHECK(fault(R"({"eq":1,"propety":"x"})").pointer == "/propety");
}

TEST_CASE("within_days counts back from the moment of the judgement") {
  CHECK(meets(R"({"attribute":"last_seen_at","within_days":7})"));  // seven days ago to the millisecond
  CHECK_FALSE(meets(R"({"attribute":"last_seen_at","within_days":6.99})"));
  CHECK_FALSE(meets(R"({"property":"since","within_days":98})"));
  CHECK(meets(R"({"property":"since","within_days":99})"));
  CHECK_FALSE(meets(R"({"property":"plan","within_days":36500})"));
  CHECK_FALSE(meets(R"({"property":"gone","within_days":36500})"));

  auto week = condition::parse(R"({"property":"since","within_days":7})");
  auto seen = condition::parse(R"({"attribute":"last_seen_at","within_days":7})");
  device_reader reader;
  reader.load(some_device());
  auto before = *parse_rfc3339("2026-02-27T00:00:00Z");
  CHECK_FALSE(week->matches(reader, before));  // of the future
  CHECK(seen->matches(reader, before));        // seen while it was judged

  CHECK(fault(R"({"property":"since","within_days":0})").pointer == "/within_days");
  CHECK(fault(R"({"property":"since","within_days":36501})").pointer == "/within_days");
  CHECK(fault(R"({"property":"since","within_days":"7"})").pointer == "/within_days");
  CHECK(fault(R"({"attribute":"locale","within_days":7})").pointer == "/within_days");
}

TEST_CASE("versions are compared as versions") {
  CHECK(meets(R"({"attribute":"app_version","version_gte":"1.2.3"})"));
  CHECK(meets(R"({"attribute":"app_version","version_lt":"1.10"})"));
  CHECK_FALSE(meets(R"({"attribute":"app_version","version_gte":"1.10"})"));
  CHECK_FALSE(meets(R"({"property":"plan","version_gte":"0"})"));
  CHECK_FALSE(meets(R"({"property":"level","version_gte":"0"})"));
  CHECK(fault(R"({"property":"plan","version_gte":"1..2"})").pointer == "/version_gte");
  CHECK(fault(R"({"property":"plan","version_lt":2})").pointer == "/version_lt");
  CHECK(fault(R"({"attribute":"locale","version_lt":"2"})").pointer == "/version_lt");
}

TEST_CASE("a cohort is a stable share, and the shares are about equal") {
  // The published rule, worked out by hand: SHA-256("spring:d1") begins with these bytes.
  uint64_t drawn = 0;
  auto digest = sha256("spring:d1");
  for (int i = 0; i < 8; ++i)
    drawn = drawn * 256 + digest[static_cast<size_t>(i)];
  auto share = std::to_string(drawn % 100);
  CHECK(meets(R"({"cohort":{"of":100,"from":)" + share + R"(,"to":)" + share + R"(,"seed":"spring"}})"));
  CHECK_FALSE(meets(R"({"not":{"cohort":{"of":100,"from":0,"to":99,"seed":"spring"}}})"));

  auto tenth = condition::parse(R"({"cohort":{"of":10,"from":3,"to":3}})");
  device_reader reader;
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto row = some_device();
    auto id = "device-" + std::to_string(i);
    row.device_id = id;
    reader.load(row);
    taken += tenth->matches(reader, as_of) ? 1 : 0;
  }
  CHECK(taken > 850);
  CHECK(taken < 1150);

  CHECK(fault(R"({"cohort":{"of":10,"from":3}})").pointer == "/cohort");
  CHECK(fault(R"({"cohort":{"of":10,"from":3,"to":10}})").pointer == "/cohort/to");
  CHECK(fault(R"({"cohort":{"of":0,"from":0,"to":0}})").pointer == "/cohort/of");
  CHECK(fault(R"({"cohort":{"of":10,"from":-1,"to":1}})").pointer == "/cohort/from");
  CHECK(fault(R"({"cohort":{"of":10,"from":0,"to":1,"sead":"x"}})").detail.find("\"seed\"") !=
        std::string::npos);
  CHECK(fault(R"({"cohort":{"of":10,"from":0,"to":1},"property":"x"})").pointer == "/property");
}
