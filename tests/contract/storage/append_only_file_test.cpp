#include "storage/append_only_file.hpp"

#include <doctest/doctest.h>

#include "private_stores.hpp"

using namespace pusher;
using step = append_only_file::step;

TEST_CASE("after refused writes Redis's file is made anew, once") {
  const auto& endpoint = testing::shared_stores().redis;
  append_only_file file(endpoint);
  REQUIRE(testing::eventually([&] { return *file.look() == step::nothing; }));
  redis other(endpoint);
  // What Redis answers while its disk is full, and counts as such.
  auto refused = other.pipeline({{"EVAL", "return redis.error_reply('MISCONF no room')", "0"}});
  REQUIRE(refused);
  CHECK(*file.look() == step::waits);
  CHECK(*file.look() == step::begun);
  CHECK(testing::eventually([&] { return *file.look() == step::mended; }));
  CHECK(*file.look() == step::nothing);
  // A later leader does not know what was done about it, and does it again.
  append_only_file of_another(endpoint);
  CHECK(*of_another.look() == step::waits);
}
