#include "model/version.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace pusher;

TEST_CASE("the order of versions") {
  // Each line is below the next; within a line all are equal.
  const std::vector<std::vector<std::string>> ascending{
      {"0", "0.0", "v0.0.0"},
      {"0.9.99999999999999999999999999"},
      {"1.0.0-alpha", "1-alpha", "1.0-alpha+b1"},
      {"1.0.0-alpha.1"},
      {"1.0.0-alpha.2"},
      {"1.0.0-alpha.10"},
      {"1.0.0-alpha.beta"},
      {"1.0.0-beta"},
      {"1.0.0-rc.1"},
      {"1.0.0", "1", "v1.0", "V1.0.0.0", "01.00", "1.0.0+build.5"},
      {"1.0.0.1"},
      {"1.2.9"},
      {"1.10.0"},
      {"2"},
      {"10"},
  };
  for (size_t i = 0; i < ascending.size(); ++i)
    for (size_t j = 0; j < ascending.size(); ++j)
      for (const auto& a : ascending[i])
        for (const auto& b : ascending[j]) {
          INFO(a << " and " << b);
          auto order = compare_versions(a, b);
          CHECK((order < 0) == (i < j));
          CHECK((order > 0) == (i > j));
        }
  for (const auto& line : ascending)
    for (const auto& each : line)
      CHECK(is_version(each));
}

TEST_CASE("what is no version") {
  for (const char* text : {"", "v", "1.", ".1", "1..2", "a", "1.a", "1.2.3 (456)", "1.0-", "1.0-a..b", "1.0+",
                           "1.0-b_c", " 1", "1 ", "-1", "1.0-\xc3\xa9", "vv1"})
    CHECK_MESSAGE(!is_version(text), text);
}
