#include "model/segment.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace pusher;

namespace {

using saved_segments = std::map<std::string, std::string>;

result<condition> written_out(const std::string& json, const saved_segments& saved) {
  auto source = [&saved](const std::string& name) -> result<std::optional<condition>> {
    auto found = saved.find(name);
    if (found == saved.end()) return std::optional<condition>();
    auto parsed = condition::parse(found->second);
    REQUIRE(parsed);
    return std::optional<condition>(std::move(*parsed));
  };
  auto parsed = condition::parse(json);
  REQUIRE(parsed);
  return write_segments_out(*parsed, source, "/condition");
}

std::string wide(int leaves) {
  std::string json = R"({"any":[)";
  for (int i = 0; i < leaves; ++i)
    json += std::string(i ? "," : "") + R"({"property":"n","eq":)" + std::to_string(i) + "}";
  return json + "]}";
}

}  // namespace

TEST_CASE("segments are written out, in each other too") {
  saved_segments saved{{"vip", R"({"all":[{"segment":"paying"},{"property":"tags","contains":"vip"}]})"},
                       {"paying", R"({"property":"plan","ne":"free"})"}};
  auto made = written_out(R"({"not":{"segment":"vip"}})", saved);
  REQUIRE(made);
  CHECK(made->to_json() ==
        R"({"not":{"all":[{"property":"plan","ne":"free"},{"property":"tags","contains":"vip"}]}})");
  CHECK(made->segments().empty());
}

TEST_CASE("an unknown segment is named where it is used") {
  auto made = written_out(R"({"all":[{},{"segment":"vjp"}]})", {});
  REQUIRE_FALSE(made);
  CHECK(made.failure().code == errc::invalid_condition);
  CHECK(made.failure().pointer == "/condition/all/1/segment");
  CHECK(made.failure().detail == "There is no segment \"vjp\".");

  auto inner = written_out(R"({"segment":"a"})", {{"a", R"({"segment":"b"})"}});
  REQUIRE_FALSE(inner);
  CHECK(inner.failure().detail == "In segment \"a\": There is no segment \"b\".");
}

TEST_CASE("segments in a circle are refused") {
  auto made = written_out(
      R"({"segment":"a"})",
      {{"a", R"({"segment":"b"})"}, {"b", R"({"any":[{"segment":"c"}]})"}, {"c", R"({"segment":"b"})"}});
  REQUIRE_FALSE(made);
  CHECK(made.failure().detail == "Segments cannot go in a circle: \"b\" uses \"c\" uses \"b\".");
}

TEST_CASE("what segments add counts against the limits") {
  saved_segments saved{{"wide", wide(200)}};
  CHECK(written_out(R"({"segment":"wide"})", saved).ok());
  auto twice = written_out(R"({"all":[{"segment":"wide"},{"segment":"wide"}]})", saved);
  REQUIRE_FALSE(twice);
  CHECK(twice.failure().pointer == "/condition/all/1/segment");

  std::string deep = "{}";
  for (int i = 0; i < 15; ++i)
    deep = R"({"not":)" + deep + "}";
  CHECK(written_out(R"({"segment":"deep"})", {{"deep", deep}}).ok());
  CHECK_FALSE(written_out(R"({"not":{"segment":"deep"}})", {{"deep", deep}}).ok());
}

TEST_CASE("a segment's name can stand in a path") {
  for (const char* good : {"vip", "a", "VIP_2.0-x", "0"})
    CHECK(check_segment_name(good).ok());
  for (const char* bad : {"", "a b", "a/b", "a:count", "\xc3\xa9"})
    CHECK_FALSE(check_segment_name(bad).ok());
  CHECK_FALSE(check_segment_name(std::string(65, 'a')).ok());
}
