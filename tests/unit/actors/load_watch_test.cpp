#include "actors/load_watch.hpp"

#include <doctest/doctest.h>

using namespace pusher;

TEST_CASE("launching is refused beyond the shares of memory and notifications, and not at them") {
  limits_settings limits;
  limits.redis_memory_percent = 80;
  limits.notifications_under_way = 3;
  load_watch load;
  CHECK(load.may_launch(limits, {1}).ok());
  load.redis_memory(80);
  load.under_way({{{1}, 1}, {{2}, 1}});
  CHECK(load.may_launch(limits, {1}).ok());
  load.redis_memory(81);
  auto refused = load.may_launch(limits, {1});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == errc::overloaded);
  CHECK(refused.failure().retry_after_seconds > 0);
  CHECK(load.overload(limits).find("81 %") != std::string::npos);
  limits.redis_memory_percent = 100;
  CHECK(load.may_launch(limits, {1}).ok());
  load.under_way({{{1}, 1}, {{2}, 2}});
  CHECK_FALSE(load.may_launch(limits, {1}).ok());
  CHECK(load.overload(limits).find("3 notifications are under way") == 0);
  load.under_way({{{1}, 1}, {{2}, 1}});
  CHECK(load.may_launch(limits, {1}).ok());
  CHECK(load.overload(limits).empty());
}

TEST_CASE("an application that floods stops itself before it stops others") {
  limits_settings limits;
  limits.notifications_under_way = 1000;
  load_watch load;
  load.under_way({{{1}, 995}, {{2}, 5}});
  CHECK_FALSE(load.may_launch(limits, {1}).ok());
  CHECK(load.may_launch(limits, {2}).ok());
  CHECK(load.may_launch(limits, {3}).ok());
  load.under_way({{{1}, 990}, {{2}, 10}});
  CHECK_FALSE(load.may_launch(limits, {2}).ok());
  load.under_way({{{1}, 2000}});
  CHECK_FALSE(load.may_launch(limits, {3}).ok());
}
