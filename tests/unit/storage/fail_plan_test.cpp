#include "tests/fail_points/fail_plan.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>

#include "storage/fail_point.hpp"

using namespace pusher;
using namespace std::chrono_literals;

namespace {

fail_plan plan_of(std::string_view text) {
  auto parsed = parse_fail_plan(text);
  REQUIRE(parsed.ok());
  return fail_plan(*std::move(parsed));
}

std::string complaint(std::string_view text) {
  auto parsed = parse_fail_plan(text);
  return parsed ? "" : parsed.failure().detail;
}

/// How often each name stands in a call in the sources.
std::map<std::string, int> calls() {
  std::map<std::string, int> found;
  const std::string_view call = "fail_point(\"";
  for (const char* folder : {"storage", "transports", "http", "actors"})
    for (const auto& file : std::filesystem::recursive_directory_iterator(
             std::string(std::getenv("PUSHER_SOURCE_DIR")) + "/" + folder)) {
      if (!file.is_regular_file()) continue;
      std::ifstream in(file.path());
      std::string text{std::istreambuf_iterator<char>(in), {}};
      for (auto at = text.find(call); at != std::string::npos; at = text.find(call, at)) {
        at += call.size();
        ++found[text.substr(at, text.find('"', at) - at)];
      }
    }
  return found;
}

}  // namespace

TEST_CASE("a fail point fails at its count and no other") {
  auto plan = plan_of("api.stored:2:exit");
  CHECK(!plan.pass("api.stored"));
  CHECK(!plan.pass("api.announced"));
  auto now = plan.pass("api.stored");
  REQUIRE(now);
  CHECK(now->name == "api.stored");
  CHECK(now->action == failing::exit);
  CHECK(!plan.pass("api.stored"));
}

TEST_CASE("a count with a plus is for every later passing as well") {
  auto plan = plan_of("fan_out.starting:2+:throw");
  CHECK(!plan.pass("fan_out.starting"));
  for (int i = 0; i < 3; ++i) {
    auto now = plan.pass("fan_out.starting");
    REQUIRE(now);
    CHECK(now->action == failing::raise);
  }
}

TEST_CASE("several are counted apart, also under one name") {
  auto plan = plan_of("api.stored:1:sleep=250,api.stored:3:stop,push_sender.claimed:1:exit");
  auto first = plan.pass("api.stored");
  REQUIRE(first);
  CHECK(first->action == failing::sleep);
  CHECK(first->pause == 250ms);
  CHECK(!plan.pass("api.stored"));
  CHECK(plan.pass("push_sender.claimed"));
  auto third = plan.pass("api.stored");
  REQUIRE(third);
  CHECK(third->action == failing::stop);
}

TEST_CASE("nothing planned is nothing that happens") {
  auto plan = plan_of("");
  for (auto each : fail_point_names)
    CHECK(!plan.pass(each));
}

TEST_CASE("what is not a plan is refused with the part that is wrong and the names there are") {
  for (const char* text :
       {"api.nowhere:1:exit", "api.stored", "api.stored:0:exit", "api.stored:x:exit", "api.stored:+:exit",
        "api.stored:-1:exit", "api.stored:1:explode", "api.stored:1:sleep", "api.stored:1:sleep=x",
        "api.stored:1:exit:more", "api.stored:1:exit,,", ":1:exit"}) {
    CAPTURE(text);
    auto said = complaint(text);
    CHECK(said.find("PUSHER_FAIL") == 0);
    CHECK(said.find("fan_out.concluding") != std::string::npos);
  }
  CHECK(complaint("api.stored:1:exit,api.nowhere:1:exit").find("'api.nowhere:1:exit' names no fail point") !=
        std::string::npos);
}

TEST_CASE("every fail point of the list is passed at exactly one place, and no other is") {
  std::map<std::string, int> wanted;
  for (auto each : fail_point_names)
    wanted[std::string(each)] = 1;
  CHECK(calls() == wanted);
}
