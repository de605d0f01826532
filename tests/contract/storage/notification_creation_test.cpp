// Notifications that are created together, or again under the same key.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "leading_fixture.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

std::string body_of(const notification& value) {
  return "body of " + value.id;
}

struct fixture : leading_fixture {
  result<notification_store::created> create(const notification_draft& draft) {
    return notifications.create(app, draft, std::nullopt, nullptr);
  }
  notification read(const notification& value) { return *notifications.get(app, value.id); }
};

}  // namespace

namespace {

std::string shown(const notification& of) {
  return of.id + " " + std::string(to_string(of.state)) + " " + std::to_string(of.created_at) + " " +
         std::to_string(of.launched_at) + " " + of.condition_at_launch + " " +
         of.draft.content.title.value_or("-") + " " + of.draft.external_id.value_or("-") + " " +
         std::to_string(of.draft.ttl_seconds) + " " + of.draft.android + " " +
         std::string(to_string(of.draft.lane)) + " " + std::to_string(of.revision);
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "notifications that are created together are as if each had been by itself") {
  auto device = device_store(db).put(app, sample_device("d", "t"))->device.key;
  auto now = full_draft();
  now.launch = true;
  auto ids = now;
  ids.external_id.reset();
  ids.audience = audience_device_ids{{"d"}};
  ids.lane = lane::campaign;
  auto waits = ids;
  waits.launch = false;
  notification_store::idempotency once{"together-1", sha256("one")};
  auto made = notifications.create(app, {{&now, once}, {&waits, std::nullopt}, {&ids, std::nullopt}}, shown);
  REQUIRE(made.size() == 3);
  for (const auto& each : made) {
    REQUIRE_MESSAGE(each.ok(), each.failure().detail);
    CHECK(shown(read(each->value)) == shown(each->value));
    CHECK(each->value.key);
    CHECK(each->value.application == app);
  }
  CHECK(made[0]->value.state == notification_state::launched);
  CHECK(made[1]->value.state == notification_state::draft);
  auto tasks = notifications.tasks({made[0]->value.key, made[2]->value.key}, SIZE_MAX);
  const auto& task = *tasks->at(1).second;
  CHECK(task.last_device == device);
  CHECK(task.launched_at == made[2]->value.launched_at);
  CHECK(task.message.expires_at == task.launched_at + 3'600'000);
  CHECK(named_devices(task.audience) == std::vector<std::string>{"d"});
  CHECK(std::holds_alternative<audience_condition>(tasks->at(0).second->audience));
  // A repeat of the first is answered as it was, whatever it waits with.
  auto again = notifications.create(app, {{&ids, std::nullopt}, {&now, once}}, shown);
  CHECK_FALSE(again[0]->replayed_body);
  CHECK(again[1]->replayed_body == shown(made[0]->value));
  CHECK(again[1]->value.key == made[0]->value.key);
}

TEST_CASE_FIXTURE(fixture, "what stands against one of those created together is told to it alone") {
  notification_draft good, taken, gone;
  good.launch = taken.launch = gone.launch = true;
  taken.external_id = "taken-together";
  REQUIRE(create(taken).ok());
  gone.audience = audience_segment{"not-there"};
  notification_store::idempotency key{"together-2", sha256("a")}, other{"together-2", sha256("b")};
  auto made = notifications.create(
      app, {{&good, key}, {&taken, std::nullopt}, {&good, key}, {&good, other}, {&gone, std::nullopt}},
      shown);
  REQUIRE(made.size() == 5);
  CHECK(made[0].ok());
  CHECK(made[1].failure().code == errc::conflict);
  CHECK(made[1].failure().pointer == "/external_id");
  CHECK(made[2]->replayed_body == shown(made[0]->value));
  CHECK(made[3].failure().code == errc::idempotency_mismatch);
  CHECK(made[4].failure().code == errc::invalid_condition);
  auto all = notifications.list(app, {}, {}, 100);
  CHECK(all->size() == 2);
}

TEST_CASE_FIXTURE(fixture, "parallel creations with the same keys make each notification once") {
  constexpr size_t names = 20;
  constexpr std::array<size_t, 4> steps{1, 3, 7, 9};  // each client has another order
  notification_draft draft;
  draft.launch = true;
  std::vector<std::thread> clients;
  std::array<std::vector<std::string>, 4> seen;
  std::atomic<int> refused{0};
  for (size_t c = 0; c < seen.size(); ++c) {
    clients.emplace_back([&, c] {
      database own(shared_stores().mysql);
      notification_store store(own);
      std::vector<notification_store::wish> wishes;
      for (size_t i = 0; i < names; ++i)
        wishes.push_back({&draft, notification_store::idempotency{
                                      "parallel-" + std::to_string((i * steps[c]) % names), sha256("p")}});
      std::map<std::string, std::string> by_key;
      auto made = store.create(app, wishes, shown);
      for (size_t i = 0; i < names; ++i) {
        if (made[i])
          by_key[wishes[i].once->key] = made[i]->value.id;
        else
          ++refused;
      }
      for (const auto& [key, id] : by_key)
        seen[c].push_back(id);
    });
  }
  for (auto& each : clients)
    each.join();
  CHECK(refused == 0);
  for (const auto& each : seen)
    CHECK(each == seen[0]);
  CHECK(notifications.list(app, {}, {}, 100)->size() == names);
}

TEST_CASE_FIXTURE(fixture, "a request that is repeated under its key makes one notification") {
  notification_store::idempotency once{"key", sha256("request")};
  auto draft = full_draft();
  draft.launch = true;
  auto first = notifications.create(app, draft, once, body_of);
  REQUIRE(first.ok());
  CHECK_FALSE(first->replayed_body.has_value());
  CHECK(first->value.state == notification_state::launched);
  auto second = notifications.create(app, draft, once, body_of);
  REQUIRE_MESSAGE(second.ok(), second.failure().detail);
  CHECK(second->replayed_body == body_of(first->value));
  CHECK(second->value.id == first->value.id);

  once.request = sha256("another request");
  CHECK(notifications.create(app, draft, once, body_of).failure().code == errc::idempotency_mismatch);
  CHECK(number_of(db, "SELECT COUNT(*) FROM notifications WHERE application_id = ?", {app}) == 1);
}

TEST_CASE_FIXTURE(fixture, "a failed request leaves its key unused") {
  REQUIRE(create(full_draft()).ok());
  notification_store::idempotency once{"key", sha256("request")};
  CHECK(notifications.create(app, full_draft(), once, body_of).failure().code == errc::conflict);
  auto mended = full_draft();
  mended.external_id = "another";
  once.request = sha256("mended");
  CHECK(notifications.create(app, mended, once, body_of).ok());
}

TEST_CASE_FIXTURE(fixture, "parallel equal requests make one notification and tell all the same") {
  notification_store::idempotency once{"parallel", sha256("request")};
  std::vector<std::string> ids(8), bodies(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < ids.size(); ++i)
    threads.emplace_back([&, i] {
      database own(shared_stores().mysql);
      auto made = notification_store(own).create(app, {}, once, body_of);
      if (!made) return;
      ids[i] = made->value.id;
      bodies[i] = made->replayed_body.value_or(body_of(made->value));
    });
  for (auto& each : threads)
    each.join();
  CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 1);
  CHECK_FALSE(ids.front().empty());
  CHECK(std::set<std::string>(bodies.begin(), bodies.end()).size() == 1);
  CHECK(number_of(db, "SELECT COUNT(*) FROM notifications WHERE application_id = ?", {app}) == 1);
}

TEST_CASE_FIXTURE(fixture, "an idempotency key is forgotten after a day") {
  notification_store::idempotency once{"old", sha256("request")};
  auto first = notifications.create(app, {}, once, body_of);
  change(db, "UPDATE idempotency_keys SET created_at = created_at - 86400001 WHERE application_id = ?",
         {app});
  once.request = sha256("another");
  auto second = notifications.create(app, {}, once, body_of);
  REQUIRE_MESSAGE(second.ok(), second.failure().detail);
  CHECK(second->value.id != first->value.id);
  CHECK(notifications.create(app, {}, once, body_of)->replayed_body == body_of(second->value));
}

TEST_CASE_FIXTURE(fixture, "an application may have its idempotency keys known for longer") {
  notification_store::idempotency once{"kept", sha256("request")};
  auto first = notifications.create(app, {}, once, body_of);
  change(db, "UPDATE applications SET idempotency_hours = 48 WHERE id = ?", {app});
  change(db, "UPDATE idempotency_keys SET created_at = created_at - 86400001 WHERE application_id = ?",
         {app});
  CHECK(notifications.create(app, {}, once, body_of)->replayed_body == body_of(first->value));
  change(db, "UPDATE idempotency_keys SET created_at = created_at - 86400001 WHERE application_id = ?",
         {app});
  CHECK_FALSE(notifications.create(app, {}, once, body_of)->replayed_body);
}
