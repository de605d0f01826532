#include "actors/inspect/terminal_text.hpp"

#include <doctest/doctest.h>

using namespace pusher;
using namespace pusher::screen;

TEST_CASE("nothing that a terminal obeys survives") {
  CHECK(legible("plain") == "plain");
  CHECK(legible("a\033[31mred\033[0m") == "a?[31mred?[0m");
  CHECK(legible("\007\b\177") == "???");
  CHECK(legible("two\nlines\tand\rmore") == "two lines and more");
  CHECK(legible("\u009b31m") == "?31m");
  CHECK(legible("safe\u202eevil\u200b\ufeff") == "safe?evil??");
  CHECK(legible(std::string_view("nul\0byte", 8)) == "nul?byte");
  CHECK(legible("Grüße 東京 😀") == "Grüße 東京 😀");
}

TEST_CASE("what is no UTF-8 becomes a question mark, byte for byte") {
  CHECK(legible("\xff\xfe") == "??");
  CHECK(legible("\xc0\xaf") == "??");
  CHECK(legible("\xed\xa0\x80") == "???");
  CHECK(legible("\xf4\x90\x80\x80") == "????");
  CHECK(legible("cut \xe6\x9d") == "cut ??");
  CHECK(valid_utf8("{\"a\":\"\xff\"}") == "{\"a\":\"?\"}");
  CHECK(valid_utf8("ü\033") == "ü\033");
}

TEST_CASE("texts are cut and wrapped by columns, not by bytes") {
  CHECK(columns_of("abc") == 3);
  CHECK(columns_of("東京") == 4);
  CHECK(cut_to("abcdef", 6) == "abcdef");
  CHECK(cut_to("abcdef", 4) == "abc…");
  CHECK(cut_to("東京都", 4) == "東…");
  CHECK(cut_to("abc", 0) == "");
  CHECK(wrapped("one two three four", 9, 2) == "one two\n  three\n  four");
  CHECK(wrapped("averylongwordindeed", 5, 2) == "averylongwordindeed");
}

TEST_CASE("a table aligns its columns, and colours do not shift them") {
  table made({{"NAME", false, 6}, {"COUNT", true}, {"NOTE"}});
  made.row({"a", {"7", tone::bad}, "x"});
  made.row({"muchtoolong", "1,234"});
  CHECK(made.text(false) ==
        "NAME    COUNT  NOTE\n"
        "a           7  x\n"
        "mucht…  1,234\n");
  CHECK(made.text(true).find("    \033[31m7\033[0m  x") != std::string::npos);
}

TEST_CASE("numbers read as people write them") {
  CHECK(duration_text(0) == "0.0 s");
  CHECK(duration_text(9'999) == "9.9 s");
  CHECK(duration_text(59'999) == "59 s");
  CHECK(duration_text(61'000) == "1m01s");
  CHECK(duration_text(3'600'000 * 5 + 60'000) == "5h01m");
  CHECK(duration_text(86'400'000ULL * 40) == "40d00h");
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1'234'567) == "1,234,567");
  CHECK(size_text(1023) == "1023 B");
  CHECK(size_text(45 * 1024 * 1024) == "45 MiB");
  CHECK(rate_text(0.01) == "0");
  CHECK(rate_text(3.25) == "3.2");
  CHECK(rate_text(12345.6) == "12,346");
}
