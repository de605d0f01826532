#include "storage/notification_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "sample.hpp"
#include "storage/lease_store.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

std::string body_of(const notification& value) {
  return "body of " + value.id;
}

notification_draft full_draft() {
  notification_draft draft;
  auto& content = draft.content;
  content.title = "Title \"quoted\" 🙂";
  content.body = "Body\nwith lines";
  content.image_url = "https://example.org/i.png";
  content.icon_url = "https://example.org/c.png";
  content.deep_link = "app://x";
  content.sound = "ping";
  content.badge = 0;
  content.data = {{"k", "v"}, {"", ""}, {std::string("nul\0key", 7), "x"}};
  draft.android = R"({"priority":"high"})";
  draft.apns = R"({"a":1})";
  draft.webpush = R"({"w":1})";
  draft.hms = R"({"h":1})";
  draft.audience = audience_condition{R"({"all":[{"property":"plan","eq":"pro"}]})"};
  draft.external_id = "campaign-1";
  draft.lane = lane::transactional;
  draft.ttl_seconds = 3600;
  draft.collapse_key = "one";
  draft.allow_duplicates = true;
  return draft;
}

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  notification_store notifications{db};
  lease_store lease{db};
  uint64_t epoch = lead();

  /// Leads as this test, whoever led before.
  uint64_t lead() {
    change(db, "UPDATE lease SET holder = '', ends_at = 0");
    return **lease.acquire("leader", 60'000);
  }
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

  change(db, "UPDATE idempotency_keys SET created_at = created_at - 86400001 WHERE application_id = ?",
         {app});
  CHECK(*notifications.forget_old_idempotency_keys(100) >= 1);
  CHECK(number_of(db, "SELECT COUNT(*) FROM idempotency_keys WHERE application_id = ?", {app}) == 0);
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

TEST_CASE_FIXTURE(fixture, "one of two candidates leads until its lease has run out or is freed") {
  CHECK_FALSE(lease.acquire("other", 60'000)->has_value());
  CHECK(**lease.acquire("leader", 60'000) == epoch);
  CHECK(lease.renew("leader", epoch, 60'000).ok());
  CHECK(lease.renew("other", epoch, 60'000).failure().code == errc::fenced);

  // It runs out by the database's clock.
  REQUIRE(lease.renew("leader", epoch, 50).ok());
  std::optional<uint64_t> taken;
  CHECK(eventually([&] { return (taken = *lease.acquire("other", 60'000)).has_value(); }));
  CHECK(*taken == epoch + 1);
  CHECK(lease.renew("leader", epoch, 60'000).failure().code == errc::fenced);

  CHECK(lease.release("leader", epoch).ok());
  CHECK_FALSE(lease.acquire("leader", 60'000)->has_value());
  CHECK(lease.release("other", *taken).ok());
  CHECK(**lease.acquire("leader", 60'000) == epoch + 2);
}

TEST_CASE_FIXTURE(
    fixture, "a holder whose lease ran out leads under a new epoch, and a successor takes over at once") {
  change(db, "UPDATE lease SET ends_at = 1");
  CHECK(**lease.acquire("leader", 60'000) == epoch + 1);
  CHECK_FALSE(lease.acquire("successor", 60'000)->has_value());
  CHECK(**lease.acquire("successor", 60'000, "leader") == epoch + 2);
}

TEST_CASE_FIXTURE(fixture, "of candidates that race for a free lease exactly one leads") {
  REQUIRE(lease.release("leader", epoch).ok());
  std::atomic<int> leaders{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, i] {
      database own(shared_stores().mysql);
      auto taken = lease_store(own).acquire("candidate " + std::to_string(i), 60'000);
      if (taken.ok() && taken->has_value()) ++leaders;
    });
  for (auto& each : threads)
    each.join();
  CHECK(leaders == 1);
}

TEST_CASE_FIXTURE(fixture, "the journal's name is made once and stays") {
  change(db, "DELETE FROM journal_identity");
  journal_identity_store journals(db);
  auto first = journals.get_or_create();
  REQUIRE(first.ok());
  CHECK(first->fresh);
  CHECK(is_uuid(first->run_id));
  CHECK(journals.get_or_create()->run_id == first->run_id);
  CHECK(journals.get_or_create()->fresh);
  CHECK(journals.mark_created("another").failure().code == errc::journal_lost);
  CHECK(journals.mark_created(first->run_id).ok());
  CHECK(journals.mark_created(first->run_id).ok());
  CHECK_FALSE(journals.get_or_create()->fresh);
}
