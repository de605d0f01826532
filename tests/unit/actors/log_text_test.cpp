#include "actors/log_text.hpp"

#include <doctest/doctest.h>

#include "actors/log_budget.hpp"

using namespace pusher;
using namespace std::chrono_literals;

namespace {

std::string escaped(std::string_view text) {
  std::string to;
  log::append_escaped(to, text);
  return to;
}

}  // namespace

TEST_CASE("whatever a client sends stays on its line, and commands no terminal") {
  CHECK(escaped("plain, and \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "plain, and \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(escaped("a\nb\r\tc") == "a\\u000ab\\u000d\\u0009c");
  CHECK(escaped("\x1b[2J\x07") == "\\u001b[2J\\u0007");
  CHECK(escaped("\x7f\xc2\x9b") == "\\u007f\\u009b");
  CHECK(escaped("quote \" and \\") == "quote \\\" and \\\\");
  CHECK(escaped("\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf") == "\\u2028\\u202e\\u2066\\ufeff");
  CHECK(escaped(std::string_view("nul\0", 4)) == "nul\\u0000");
}

TEST_CASE("bytes that are no UTF-8 become replacement characters, each by itself") {
  CHECK(escaped("\xff") == "\\ufffd");
  CHECK(escaped("a\xc3") == "a\\ufffd");
  CHECK(escaped("\xc0\xaf") == "\\ufffd\\ufffd");
  CHECK(escaped("\xed\xa0\x80") == "\\ufffd\\ufffd\\ufffd");
  CHECK(escaped("\xf4\x90\x80\x80") == "\\ufffd\\ufffd\\ufffd\\ufffd");
  CHECK(escaped("\xe2\x82g") == "\\ufffd\\ufffdg");
}

TEST_CASE("of an event that repeats some lines a second are written, and the rest is spoken of") {
  log::budget budget;
  log::budget::time now(100s);
  size_t given = 0;
  for (int i = 0; i < 200; ++i)
    given += budget.ask("storm", now).given;
  CHECK(given == log::budget::lines_per_second);
  CHECK(budget.ask("other", now).given);
  CHECK(budget.take_unspoken(now).empty());

  SUBCASE("by the event's next line") {
    auto next = budget.ask("storm", now + 1s);
    CHECK(next.given);
    CHECK(next.left_out == 200 - log::budget::lines_per_second);
    CHECK(budget.ask("storm", now + 1s).left_out == 0);
  }
  SUBCASE("or, when there is none, by a line of its own") {
    auto told = budget.take_unspoken(now + 3s);
    REQUIRE(told.size() == 1);
    CHECK(told.front() == std::pair<std::string, uint64_t>("storm", 200 - log::budget::lines_per_second));
    CHECK(budget.take_unspoken(now + 6s).empty());
  }
}
