#include "model/property_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pusher;

namespace {

const std::vector<std::string> names{"plan", "level", "tags"};

demands demanded(const std::string& json) {
  auto parsed = condition::parse(json);
  REQUIRE_MESSAGE(parsed.ok(), json);
  return demands_of(*parsed, names);
}

/// Whether a device with these properties is found by every demand of the condition.
bool found_by_all(const std::string& properties, const std::string& condition) {
  auto entries = index_entries_of(properties, names);
  auto wanted = demanded(condition);
  REQUIRE_FALSE(wanted.values.empty());
  return std::all_of(wanted.values.begin(), wanted.values.end(), [&](const demand& each) {
    return std::any_of(each.begin(), each.end(), [&](const demanded_value& value) {
      auto at = static_cast<size_t>(std::find(names.begin(), names.end(), value.name) - names.begin());
      const auto& has = entries.at(at);
      return (value.by_contains && has.open) ||
             std::binary_search(has.hashes.begin(), has.hashes.end(), value.hash);
    });
  });
}

}  // namespace

TEST_CASE("values that compare equal are found by the same entry") {
  CHECK(found_by_all(R"({"level":10})", R"({"property":"level","eq":10.0})"));
  CHECK(found_by_all(R"({"level":-0.0})", R"({"property":"level","eq":0})"));
  CHECK(found_by_all(R"({"level":9007199254740993})", R"({"property":"level","eq":9007199254740992.0})"));
  CHECK(found_by_all(R"({"plan":{"time":"2026-01-01T09:00:00+09:00"}})",
                     R"({"property":"plan","eq":{"time":"2026-01-01T00:00:00Z"}})"));
  CHECK(found_by_all(R"({"plan":true})", R"({"property":"plan","in":["x",true]})"));
  CHECK(found_by_all(R"({"tags":["a","vip"]})", R"({"property":"tags","contains":"vip"})"));
  CHECK(found_by_all(R"({"tags":"a vip text"})", R"({"property":"tags","contains":"vip"})"));
}

TEST_CASE("types and values are told apart") {
  CHECK_FALSE(found_by_all(R"({"level":"10"})", R"({"property":"level","eq":10})"));
  CHECK_FALSE(found_by_all(R"({"level":1})", R"({"property":"level","eq":true})"));
  CHECK_FALSE(found_by_all(R"({"plan":"Pro"})", R"({"property":"plan","eq":"pro"})"));
  CHECK_FALSE(found_by_all(R"({"tags":["vip"]})", R"({"property":"tags","eq":"vip"})"));
  CHECK_FALSE(found_by_all(R"({})", R"({"property":"tags","contains":"vip"})"));
}

TEST_CASE("what a condition demands") {
  CHECK(demanded(R"({"property":"other","eq":1})").values.empty());
  CHECK(demanded(R"({"not":{"property":"plan","eq":1}})").values.empty());
  CHECK(demanded(R"({"property":"plan","ne":1})").values.empty());
  CHECK(demanded(R"({"any":[]})").values.empty());
  auto both = demanded(
      R"({"all":[{"property":"plan","eq":"pro"},{"property":"level","eq":7},{"property":"x","gt":1}]})");
  CHECK(both.values.size() == 2);
  auto either = demanded(R"({"any":[{"property":"plan","eq":"pro"},{"property":"level","in":[1,2]}]})");
  REQUIRE(either.values.size() == 1);
  CHECK(either.values[0].size() == 3);
  CHECK(demanded(R"({"any":[{"property":"plan","eq":"pro"},{"property":"x","eq":1}]})").values.empty());
  auto users = demanded(R"({"all":[{"attribute":"user_id","in":["a","b"]},{"property":"x","exists":true}]})");
  REQUIRE(users.users.size() == 1);
  CHECK(users.users[0] == std::vector<std::string>{"a", "b"});
  CHECK(demanded(R"({"any":[{"attribute":"user_id","eq":"a"},{"property":"plan","eq":1}]})").users.empty());
}

TEST_CASE("an endless list has no entries and says so") {
  std::string list = "{\"tags\":[\"t0\"";
  for (int i = 1; i < 300; ++i)
    list += ",\"t" + std::to_string(i) + "\"";
  auto entries = index_entries_of(list + "]}", names);
  CHECK(entries[2].open);
  CHECK(entries[2].hashes.empty());
  CHECK_FALSE(index_entries_of(R"({"tags":["a","a","b"]})", names)[2].open);
  CHECK(index_entries_of(R"({"tags":["a","a","b"]})", names)[2].hashes.size() == 2);
}
