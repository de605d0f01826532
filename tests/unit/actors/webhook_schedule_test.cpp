// Whose turn it is among webhooks, when they are tried again, and what is in a batch.
#include "actors/webhook_schedule.hpp"

#include <doctest/doctest.h>

#include "actors/webhook_batch.hpp"
#include "actors/webhook_retry.hpp"
#include "model/json.hpp"

using namespace pusher;

namespace {

using at_work = webhook_progress_store::at_work;

at_work one(uint64_t key, uint64_t generation = 1, uint64_t head = 0) {
  return {{{key}, generation}, head};
}

uint64_t taken(webhook_schedule& schedule, utc_ms now) {
  auto next = schedule.next(now);
  return next ? next->value : 0;
}

feed_event event(uint64_t row, uint64_t offset, const std::string& device = "d") {
  feed_event made;
  made.behind = {row, 5'000, offset};
  made.type = event_type::accepted;
  made.at = 1'000 * static_cast<utc_ms>(row);
  made.device_id = device;
  return made;
}

}  // namespace

TEST_CASE("webhooks have their turns one after the other, also when one has always more to do") {
  webhook_schedule schedule(10);
  schedule.refresh({one(1), one(2), one(3)});
  CHECK(taken(schedule, 0) == 1);
  schedule.again({1});
  CHECK(taken(schedule, 0) == 2);
  schedule.idle({2});
  CHECK(taken(schedule, 0) == 3);
  schedule.idle({3});
  CHECK(taken(schedule, 0) == 1);
  schedule.idle({1});
  CHECK(taken(schedule, 0) == 0);
  CHECK(schedule.until() == 0);
}

TEST_CASE("one that is idle gets its turn when its feed has more, and not without") {
  webhook_schedule schedule(10);
  schedule.refresh({one(1, 1, 5)});
  CHECK(taken(schedule, 0) == 1);
  schedule.idle({1});
  schedule.refresh({one(1, 1, 5)});
  CHECK(taken(schedule, 0) == 0);
  schedule.refresh({one(1, 1, 6)});
  CHECK(taken(schedule, 0) == 1);
}

TEST_CASE("what came while it was looked at is not overlooked") {
  webhook_schedule schedule(10);
  schedule.refresh({one(1, 1, 5)});
  CHECK(taken(schedule, 0) == 1);
  schedule.refresh({one(1, 1, 6)});
  schedule.idle({1});
  schedule.refresh({one(1, 1, 6)});
  CHECK(taken(schedule, 0) == 1);
}

TEST_CASE("one that gathers is looked at when there is more or its time has come, one that waits only then") {
  webhook_schedule schedule(10);
  schedule.refresh({one(1, 1, 5), one(2, 1, 5)});
  taken(schedule, 0);
  schedule.gather({1}, 100);
  taken(schedule, 0);
  schedule.wait({2}, 200);
  CHECK(schedule.until() == 100);
  CHECK(schedule.waiting() == 1);
  schedule.refresh({one(1, 1, 6), one(2, 1, 6)});
  CHECK(taken(schedule, 0) == 1);
  schedule.gather({1}, 100);
  CHECK(taken(schedule, 99) == 0);
  CHECK(taken(schedule, 100) == 1);
  schedule.idle({1});
  CHECK(taken(schedule, 199) == 0);
  CHECK(taken(schedule, 200) == 2);
}

TEST_CASE("a client's change ends every wait, but never leads to a second request beside the first") {
  webhook_schedule schedule(10);
  schedule.refresh({one(1, 1), one(2, 1)});
  taken(schedule, 0);
  schedule.wait({1}, 1'000);
  taken(schedule, 0);
  schedule.sent({2});
  schedule.refresh({one(1, 2), one(2, 2)});
  CHECK(taken(schedule, 0) == 1);
  schedule.idle({1});
  CHECK(taken(schedule, 0) == 0);
  // Disabled and enabled again while its request is under way.
  schedule.refresh({one(1, 2)});
  schedule.refresh({one(1, 2), one(2, 4)});
  CHECK(taken(schedule, 0) == 0);
  CHECK(schedule.requests() == 1);
  schedule.again({2});
  CHECK(schedule.requests() == 0);
  CHECK(taken(schedule, 0) == 2);
  schedule.gone({2});
  CHECK(taken(schedule, 0) == 0);
}

TEST_CASE("only so many requests are under way") {
  webhook_schedule schedule(2);
  schedule.refresh({one(1), one(2), one(3)});
  taken(schedule, 0);
  schedule.sent({1});
  taken(schedule, 0);
  schedule.sent({2});
  CHECK(taken(schedule, 0) == 0);
  schedule.wait({1}, 500);
  CHECK(taken(schedule, 0) == 3);
  schedule.sent({3});
  CHECK(taken(schedule, 600) == 0);
}

TEST_CASE("tries come after the waits of the schedule, later when the receiver says so, and then no more") {
  std::vector<uint32_t> waits{5, 300};
  CHECK(webhook_wait_ms(waits, 1, {}, 0.5) == 5'000);
  CHECK(webhook_wait_ms(waits, 1, {}, 0) == 4'500);
  CHECK(*webhook_wait_ms(waits, 1, {}, 0.999) <= 5'500);
  CHECK(webhook_wait_ms(waits, 2, {}, 0.5) == 300'000);
  CHECK(webhook_wait_ms(waits, 1, 60'000, 0.5) == 60'000);
  CHECK(webhook_wait_ms(waits, 2, 60'000, 0.5) == 300'000);
  CHECK_FALSE(webhook_wait_ms(waits, 3, {}, 0.5).has_value());
  CHECK_FALSE(webhook_wait_ms(waits, 3, 60'000, 0.5).has_value());
}

TEST_CASE("a batch tells where it begins and ends, and is named after its events") {
  feed_position after{1, 5'000, 7};
  webhook_batch batch("w", after, 2, 64 * 1024);
  CHECK(batch.add(event(2, 1)));
  CHECK_FALSE(batch.full());
  CHECK(batch.add(event(3, 4)));
  CHECK(batch.full());
  CHECK_FALSE(batch.add(event(3, 5)));
  CHECK(batch.size() == 2);
  auto body = json::parse(batch.body());
  REQUIRE(body.ok());
  CHECK(json::view((*body)["type"]) == "events");
  CHECK(json::view((*body)["webhook_id"]) == "w");
  CHECK(json::view((*body)["after"]) == "c1.5000.7");
  CHECK(json::view((*body)["cursor"]) == "c3.5000.4");
  CHECK(json::view((*body)["timestamp"]) == "1970-01-01T00:00:03.000Z");
  REQUIRE((*body)["events"].Size() == 2);
  CHECK((*body)["events"][0]["sequence"].GetUint64() == (2 << 16 | 1));

  webhook_batch again("w", after, 2, 64 * 1024);
  again.add(event(2, 1));
  // Its device was deleted since: other words, but the same event.
  again.add(event(3, 4, ""));
  CHECK(again.message_id() == batch.message_id());
  webhook_batch shorter("w", after, 1, 64 * 1024);
  shorter.add(event(2, 1));
  CHECK(shorter.message_id() != batch.message_id());
  webhook_batch others("v", after, 2, 64 * 1024);
  others.add(event(2, 1));
  others.add(event(3, 4));
  CHECK(others.message_id() != batch.message_id());
}

TEST_CASE("a batch stays below its size") {
  webhook_batch batch("w", {}, 10'000, 16 * 1024);
  uint64_t count = 0;
  while (batch.add(event(1, count + 1, std::string(128, 'x'))))
    ++count;
  CHECK(batch.full());
  CHECK(batch.size() == count);
  CHECK(batch.body().size() <= 16 * 1024);
  CHECK(batch.body().size() > 15 * 1024);
  CHECK(json::parse(batch.body()).ok());
}
