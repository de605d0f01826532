#include "model/share_gauge.hpp"

#include <doctest/doctest.h>

using namespace pusher;
using namespace std::chrono_literals;

TEST_CASE("shares are of the last seconds alone") {
  share_gauge<2>::time begin{};
  share_gauge<2> gauge(begin);
  CHECK(gauge.shares(begin) == std::array<permille, 2>{0, 0});
  gauge.add(0, 1s);
  gauge.add(1, 500ms);
  CHECK(gauge.shares(begin + 2s) == std::array<permille, 2>{500, 250});
  gauge.advance(begin + 2s);
  CHECK(gauge.shares(begin + 4s) == std::array<permille, 2>{250, 125});
  // Two windows later nothing of it is left.
  for (auto at : {5s, 10s, 15s})
    gauge.advance(begin + at);
  gauge.add(1, 2s);
  CHECK(gauge.shares(begin + 15s) == std::array<permille, 2>{0, 400});
}

TEST_CASE("a share is never more than all") {
  share_gauge<1>::time begin{};
  share_gauge<1> gauge(begin);
  gauge.add(0, 3s);
  CHECK(gauge.shares(begin + 1s)[0] == 1000);
}
