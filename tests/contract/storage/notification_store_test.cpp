#include "storage/notification_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "leading_fixture.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture : leading_fixture {
  result<notification_store::created> create(const notification_draft& draft) {
    return notifications.create(app, draft, std::nullopt, nullptr);
  }
  notification read(const notification& value) { return *notifications.get(app, value.id); }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a draft is read back as it was given") {
  auto draft = full_draft();
  auto made = create(draft);
  REQUIRE_MESSAGE(made.ok(), made.failure().detail);
  auto read = notifications.get(app, made->value.id);
  REQUIRE(read.ok());
  CHECK(is_uuid(read->id));
  CHECK(read->state == notification_state::draft);
  CHECK(read->launched_at == 0);
  CHECK(read->created_at > 1'600'000'000'000);
  const auto& got = read->draft;
  CHECK(got.content.title == draft.content.title);
  CHECK(got.content.body == draft.content.body);
  CHECK(got.content.image_url == draft.content.image_url);
  CHECK(got.content.icon_url == draft.content.icon_url);
  CHECK(got.content.deep_link == draft.content.deep_link);
  CHECK(got.content.sound == draft.content.sound);
  CHECK(got.content.badge == draft.content.badge);
  CHECK(got.content.data == draft.content.data);
  CHECK(got.android == draft.android);
  CHECK(got.apns == draft.apns);
  CHECK(got.webpush == draft.webpush);
  CHECK(got.hms == draft.hms);
  CHECK(std::get<audience_condition>(got.audience).json == std::get<audience_condition>(draft.audience).json);
  CHECK(got.external_id == draft.external_id);
  CHECK(got.lane == draft.lane);
  CHECK(got.ttl_seconds == draft.ttl_seconds);
  CHECK(got.collapse_key == draft.collapse_key);
  CHECK(got.allow_duplicates);
}

TEST_CASE_FIXTURE(fixture, "audiences of ids are read back, and other applications see nothing") {
  notification_draft draft;
  draft.audience = audience_device_ids{{"a", "b"}};
  auto devices = create(draft);
  draft.audience = audience_user_ids{{"u"}};
  auto users = create(draft);
  CHECK(std::get<audience_device_ids>(read(devices->value).draft.audience).ids ==
        std::vector<std::string>{"a", "b"});
  CHECK(std::get<audience_user_ids>(read(users->value).draft.audience).ids == std::vector<std::string>{"u"});
  CHECK(notifications.get(new_application(db), users->value.id).failure().code == errc::not_found);
  CHECK(notifications.get(app, "no such id").failure().code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "an external id is taken once per application") {
  REQUIRE(create(full_draft()).ok());
  auto again = create(full_draft());
  REQUIRE_FALSE(again.ok());
  CHECK(again.failure().code == errc::conflict);
  CHECK(notifications.create(new_application(db), full_draft(), std::nullopt, nullptr).ok());
}

TEST_CASE_FIXTURE(fixture, "launching again under the same idempotency key gives the first answer") {
  auto made = create(full_draft());
  notification_store::idempotency key{"launch-1", sha256("launch")};
  auto render = [](const notification& of) {
    return std::string("body of ") + std::string(to_string(of.state));
  };
  REQUIRE(notifications.launch(app, made->value.id, key, render).ok());
  auto again = notifications.launch(app, made->value.id, key, render);
  REQUIRE_MESSAGE(again.ok(), again.failure().detail);
  CHECK(again->replayed_body == "body of launched");
  key.request = sha256("other");
  CHECK(notifications.launch(app, made->value.id, key, render).failure().code == errc::idempotency_mismatch);
}

TEST_CASE_FIXTURE(fixture, "launching fixes the audience's last device and the expiry, once") {
  auto device = device_store(db).put(app, sample_device("d", "t"))->device.key;
  auto made = create(full_draft());
  auto first = notifications.launch(app, made->value.id, std::nullopt, nullptr);
  REQUIRE_MESSAGE(first.ok(), first.failure().detail);
  const auto* launched = &first->value;
  CHECK(launched->state == notification_state::launched);
  CHECK(launched->launched_at >= launched->created_at);
  auto tasks = notifications.tasks({launched->key, {999'999'999}}, SIZE_MAX);
  REQUIRE(tasks->size() == 2);
  CHECK(tasks->at(1).second.failure().code == errc::not_found);
  const auto& task = tasks->at(0).second;
  REQUIRE(task.ok());
  CHECK(task->application == app);
  CHECK(task->lane == lane::transactional);
  CHECK(task->last_device == device);
  CHECK(task->state == notification_state::launched);
  CHECK(std::holds_alternative<audience_condition>(task->audience));
  CHECK(task->message.expires_at == launched->launched_at + 3'600'000);
  CHECK(task->message.content.title == full_draft().content.title);
  CHECK(task->message.android == full_draft().android);
  CHECK(task->message.allow_duplicates);
  CHECK(notifications.load_message(launched->key)->collapse_key == "one");

  auto again = notifications.launch(app, made->value.id, std::nullopt, nullptr);
  CHECK(again.failure().code == errc::wrong_state);
  CHECK(again.failure().detail.find("launched") != std::string::npos);
  CHECK(notifications.launch(app, "unknown", std::nullopt, nullptr).failure().code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "notifications are listed newest first, in pages, by state") {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(create({})->value.id);
  REQUIRE(notifications.launch(app, ids[1], std::nullopt, nullptr).ok());
  auto first = notifications.list(app, {}, {}, 3);
  REQUIRE(first.ok());
  REQUIRE(first->size() == 3);
  CHECK(first->front().id == ids[4]);
  auto rest = notifications.list(app, {}, first->back().key, 3);
  REQUIRE(rest->size() == 2);
  CHECK(rest->back().id == ids[0]);
  auto launched = notifications.list(app, {notification_state::launched, {}, 0, 0}, {}, 10);
  REQUIRE(launched->size() == 1);
  CHECK(launched->front().id == ids[1]);
}

TEST_CASE_FIXTURE(fixture,
                  "the worklist holds what is launched or sending and not fanned out, oldest first") {
  auto first = launched(db, app), second = launched(db, app);
  auto draft = create({})->value;
  REQUIRE(notifications.begin_sending({second.key}, epoch).ok());
  auto listed = [&](notification_key key) {
    auto work = *notifications.worklist(10'000);
    CHECK(
        std::is_sorted(work.begin(), work.end(), [](const auto& a, const auto& b) { return a.key < b.key; }));
    return std::count_if(work.begin(), work.end(), [&](const auto& each) { return each.key == key; });
  };
  CHECK(listed(first.key) == 1);
  CHECK(listed(second.key) == 1);
  CHECK(listed(draft.key) == 0);
  REQUIRE(notifications.conclude({{first.key, 5}}, epoch).ok());
  CHECK(listed(first.key) == 0);
}

TEST_CASE_FIXTURE(fixture, "an audience grows, becomes final, and an empty one completes") {
  auto value = launched(db, app), empty = launched(db, app);
  CHECK(notifications.begin_sending({value.key}, epoch).ok());
  CHECK(notifications.begin_sending({value.key}, epoch).ok());
  CHECK(read(value).state == notification_state::sending);
  CHECK(notifications.begin_sending({create({})->value.key}, epoch)->empty());

  CHECK(notifications.record_audience(value.key, epoch, 10).ok());
  CHECK(read(value).audience == 10);
  CHECK_FALSE(read(value).fan_out_done);
  CHECK(notifications.conclude({{value.key, 12}}, epoch).ok());
  CHECK(notifications.record_audience(value.key, epoch, 11).ok());
  CHECK(read(value).audience == 12);
  CHECK(read(value).fan_out_done);
  CHECK(read(value).state == notification_state::sending);

  CHECK(notifications.conclude({{empty.key, 0}}, epoch).ok());
  CHECK(read(empty).state == notification_state::completed);
  CHECK(read(empty).completed_at > 0);
}

TEST_CASE_FIXTURE(fixture, "many are read, begun and concluded together, each by its own state") {
  std::vector<notification> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(launched(db, app));
  REQUIRE(notifications.pause(app, all[1].id).ok());
  REQUIRE(notifications.cancel(app, all[2].id).ok());
  std::vector<notification_key> keys;
  for (auto at = all.rbegin(); at != all.rend(); ++at)
    keys.push_back(at->key);
  auto tasks = notifications.tasks(keys, SIZE_MAX);
  REQUIRE(tasks->size() == 5);
  for (size_t i = 0; i < 5; ++i)
    CHECK(tasks->at(i).first == all[i].key);
  CHECK(tasks->at(1).second->state == notification_state::paused);
  CHECK(notifications.tasks(keys, 1)->size() == 1);
  CHECK(notifications.tasks(keys, tasks->at(0).second->bytes + 1)->size() == 2);

  std::vector<final_audience> audiences;
  for (size_t i = 0; i < 5; ++i)
    audiences.push_back({all[i].key, i == 3 ? 0U : 1U});
  CHECK(notifications.conclude(audiences, epoch).ok());
  CHECK(notifications.conclude({{all[0].key, 9}}, epoch).ok());
  CHECK(read(all[0]).state == notification_state::sending);
  CHECK(read(all[0]).audience == 1);
  CHECK(read(all[1]).state == notification_state::paused);
  CHECK(read(all[1]).fan_out_done);
  CHECK(read(all[2]).state == notification_state::canceled);
  CHECK_FALSE(read(all[2]).settled());
  CHECK(read(all[3]).state == notification_state::completed);
  CHECK(*notifications.begin_sending(keys, epoch) == std::set<notification_key>{all[0].key, all[4].key});
}

TEST_CASE_FIXTURE(fixture, "a former leader's writes are refused") {
  auto value = launched(db, app);
  auto next = lead();
  CHECK(next == epoch + 1);
  CHECK(notifications.begin_sending({value.key}, epoch).failure().code == errc::fenced);
  CHECK(notifications.conclude({{value.key, 1}}, epoch).failure().code == errc::fenced);
  CHECK(read(value).state == notification_state::launched);
  CHECK(notifications.begin_sending({value.key}, next).ok());
}

TEST_CASE_FIXTURE(fixture, "a sweep completes what is settled") {
  auto value = launched(db, app), waiting = launched(db, app);
  change(
      db,
      "UPDATE notifications SET fan_out_done = 1, audience_count = 3, count_accepted = 2, count_failed = 1 "
      "WHERE id = ?",
      {value.key});
  change(db, "UPDATE notifications SET fan_out_done = 1, audience_count = 3, count_accepted = 2 WHERE id = ?",
         {waiting.key});
  CHECK(*notifications.sweep_completed() >= 1);
  CHECK(read(value).state == notification_state::completed);
  CHECK(read(value).counts[outcome::accepted] == 2);
  CHECK(read(waiting).state == notification_state::launched);
}
