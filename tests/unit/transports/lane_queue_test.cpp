#include <doctest/doctest.h>

#include "transports/lane_queue.hpp"

using namespace pusher;

namespace {

push_order order(uint64_t id, size_t targets, utc_ms expires_at = 1'000) {
  push_order made;
  made.id = id;
  auto content = std::make_shared<message>();
  content->expires_at = expires_at;
  made.content = content;
  for (size_t i = 0; i < targets; ++i) {
    made.targets.push_back({{i}, "token-" + std::to_string(i), 0});
    made.numbers.push_back(static_cast<uint32_t>(10 + i));
  }
  return made;
}

}  // namespace

TEST_CASE("targets come out in the order in which they were submitted") {
  lane_queue queue;
  queue.add(order(1, 2));
  queue.add(order(2, 0));
  queue.add(order(3, 1));
  CHECK(queue.size() == 3);
  CHECK(queue.take().number() == 10);
  auto second = queue.take();
  CHECK(second.number() == 11);
  CHECK(second.token() == "token-1");
  CHECK_FALSE(second.resent);
  CHECK(queue.take().of->order.id == 3);
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
}

TEST_CASE("the token of the next target can be seen before it is taken") {
  lane_queue queue;
  queue.add(order(1, 2));
  CHECK(queue.next_token() == "token-0");
  auto first = queue.take();
  CHECK(queue.next_token() == "token-1");
  queue.put_back(first);
  CHECK(queue.next_token() == "token-0");
}

TEST_CASE("a target that is put back comes first, as one that was sent before") {
  lane_queue queue;
  queue.add(order(1, 1));
  queue.add(order(2, 1));
  auto first = queue.take();
  queue.put_back(first);
  CHECK(queue.size() == 2);
  auto again = queue.take();
  CHECK(again.of->order.id == 1);
  CHECK(again.resent);
  CHECK(queue.take().of->order.id == 2);
  CHECK(queue.empty());
}

TEST_CASE("withdrawing gives back exactly what waits of that order") {
  lane_queue queue;
  queue.add(order(1, 3));
  queue.add(order(2, 2));
  auto taken = queue.take();
  auto also_taken = queue.take();
  queue.put_back(also_taken);
  std::vector<uint32_t> given_up;
  auto note = [&](const open_target& each) { given_up.push_back(each.number()); };
  queue.withdraw(1, note);
  CHECK(given_up == std::vector<uint32_t>{11, 12});
  CHECK(queue.size() == 2);
  queue.withdraw(1, note);
  CHECK(given_up.size() == 2);
  queue.withdraw_all(note);
  CHECK(given_up.size() == 4);
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
}

TEST_CASE("what has expired is taken out, and nothing else") {
  lane_queue queue;
  queue.add(order(1, 2, 500));
  queue.add(order(2, 1, 501));
  size_t expired = 0;
  queue.expire(500, [&](const open_target&) { ++expired; });
  CHECK(expired == 2);
  CHECK(queue.size() == 1);
}
