#include "model/json.hpp"

#include <doctest/doctest.h>

#include "model/clock.hpp"
#include "model/ids.hpp"
#include "model/properties.hpp"

using namespace pusher;

TEST_CASE("hostile JSON is refused with a sentence, and costs no stack") {
  std::string deep_lists(1'000'000, '[');
  std::string deep_objects;
  for (int i = 0; i < 100'000; ++i)
    deep_objects += R"({"a":)";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{} x"), std::string("\xef\xbb\xbf{}"),
        std::string("\xff\xfe"), std::string(R"({"a":"\ud800"})"), std::string("{\"a\":\"\xc3\x28\"}"),
        std::string(R"({"a":1e400})"), std::string("{}\0{}", 5), std::string("NaN"),
        std::string(R"({"a":01})"), std::string(R"({"a":1,})"), deep_lists, deep_objects,
        std::string(R"({"a":1,"b":{"c":1,"c":2}})")}) {
    auto read = json::parse(text);
    REQUIRE_FALSE(read.ok());
    CHECK(read.failure().code == errc::malformed_json);
    CHECK(read.failure().detail.size() < 200);
  }
}

TEST_CASE("ordinary JSON is read exactly") {
  auto read =
      json::parse(R"({"a":[1,2.5,true,null,"\u00e9"],"b":{"c":"\ud83d\ude00"},"d":9223372036854775807})");
  REQUIRE(read);
  CHECK((*read)["d"].GetInt64() == 9223372036854775807);
  CHECK(json::view((*read)["b"]["c"]) == "\U0001F600");
}

TEST_CASE("pointers escape what RFC 6901 asks for") {
  CHECK(json::pointer("/a", "b/c~d") == "/a/b~1c~0d");
  CHECK(json::pointer("", size_t{3}) == "/3");
}

TEST_CASE("the nearest name is found, and none when none is near") {
  constexpr std::string_view known[] = {"title", "body", "image_url"};
  CHECK(json::nearest("titel", known, 3) == "title");
  CHECK(json::nearest("imageurl", known, 3) == "image_url");
  CHECK(json::nearest("zebra", known, 3).empty());
  CHECK(json::nearest(std::string(100'000, 'x'), known, 3).empty());
}

TEST_CASE("times are read and written as RFC 3339") {
  CHECK(to_rfc3339(0) == "1970-01-01T00:00:00.000Z");
  CHECK(*parse_rfc3339("2026-11-23T10:00:00+09:00") == *parse_rfc3339("2026-11-23T01:00:00Z"));
  CHECK(*parse_rfc3339("2024-02-29T23:59:59.999Z") + 1 == *parse_rfc3339("2024-03-01T00:00:00Z"));
  CHECK(to_rfc3339(*parse_rfc3339("2026-11-23T10:00:00.1239Z")) == "2026-11-23T10:00:00.123Z");
  CHECK(to_rfc3339(*parse_rfc3339("1969-12-31T23:59:59.999Z")) == "1969-12-31T23:59:59.999Z");
  for (const char* bad :
       {"", "2026-11-23", "2026-11-23T10:00:00", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T10:00:00.Z", "2026-11-23T10:00:00Zx", "2026-1-1T00:00:00Z"})
    CHECK_FALSE(parse_rfc3339(bad).has_value());
}

TEST_CASE("ids are UUIDs of version 7 and differ") {
  auto one = make_uuid_v7(), other = make_uuid_v7();
  CHECK(is_uuid(one));
  CHECK(one[14] == '7');
  CHECK(one != other);
  CHECK_FALSE(is_uuid("not-a-uuid"));
}

TEST_CASE("properties take their types, and errors lead to the fault") {
  auto good = json::parse(R"({"a":"x","b":1,"c":true,"d":["x"],"e":{"time":"2026-01-01T00:00:00Z"}})");
  CHECK(checked_properties(*good, "/properties").ok());
  for (auto [text, pointer] :
       {std::pair(R"({"a":null})", "/properties/a"), std::pair(R"({"a":[1]})", "/properties/a/0"),
        std::pair(R"({"a":{"b":1}})", "/properties/a"), std::pair(R"({"":1})", "/properties/"),
        std::pair(R"({"a":{"time":"x"}})", "/properties/a/time"), std::pair("[]", "/properties")}) {
    auto read = json::parse(text);
    auto checked = checked_properties(*read, "/properties");
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.failure().pointer == pointer);
  }
}

TEST_CASE("a patch sets and removes properties") {
  auto patch = json::parse(R"({"a":null,"b":2,"c":"new"})");
  CHECK(*merged_properties(R"({"a":1,"b":1,"z":true})", *patch, "/properties") ==
        R"({"z":true,"b":2,"c":"new"})");
}
