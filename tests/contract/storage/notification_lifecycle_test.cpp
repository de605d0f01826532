#include <doctest/doctest.h>

#include "leading_fixture.hpp"
#include "storage/connection.hpp"
#include "storage/deleted_notifications.hpp"
#include "storage/segment_store.hpp"
#include "storage/transaction.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

using state = notification_state;

struct fixture : leading_fixture {
  notification create(utc_ms scheduled_at = 0, bool launch = false) {
    notification_draft draft;
    draft.content.title = "x";
    draft.scheduled_at = scheduled_at;
    draft.launch = launch;
    auto made = notifications.create(app, draft, std::nullopt, nullptr);
    REQUIRE(made);
    return made->value;
  }
  state now(const notification& of) { return notifications.get(app, of.id)->state; }
  errc refused(const result<notification>& step) { return step ? errc::internal : step.failure().code; }
  /// As if so much time had passed.
  void due_since(const notification& of, int64_t ms) {
    change(db, "UPDATE notifications SET due_at = due_at - " +
                   std::to_string(of.draft.scheduled_at - now_ms() + ms) +
                   " WHERE id = " + std::to_string(of.key.value));
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "each step is taken from the states that allow it, and from no other") {
  auto note = create();
  CHECK(refused(notifications.pause(app, note.id)) == errc::wrong_state);
  CHECK(refused(notifications.resume(app, note.id)) == errc::wrong_state);
  CHECK(refused(notifications.cancel(app, note.id)) == errc::wrong_state);
  REQUIRE(notifications.launch(app, note.id, std::nullopt, nullptr));
  CHECK(refused(notifications.resume(app, note.id)) == errc::wrong_state);
  CHECK(notifications.pause(app, note.id)->state == state::paused);
  CHECK(notifications.controlled()->at(note.key) == control::paused);
  CHECK(refused(notifications.pause(app, note.id)) == errc::wrong_state);
  CHECK(notifications.begin_sending({note.key}, epoch)->empty());
  CHECK(notifications.resume(app, note.id)->state == state::launched);
  REQUIRE(notifications.begin_sending({note.key}, epoch)->size() == 1);
  REQUIRE(notifications.record_audience(note.key, epoch, 3));
  REQUIRE(notifications.pause(app, note.id));
  CHECK(notifications.resume(app, note.id)->state == state::sending);
  CHECK(notifications.controlled()->count(note.key) == 0);
  auto canceled = notifications.cancel(app, note.id);
  CHECK(canceled->state == state::canceled);
  CHECK(canceled->canceled_at > 0);
  CHECK(!canceled->settled());
  CHECK(notifications.controlled()->at(note.key) == control::canceled);
  CHECK(refused(notifications.resume(app, note.id)) == errc::wrong_state);
  CHECK(notifications.remove(app, note.id, [](auto&) { return result<void>(); }).failure().code ==
        errc::wrong_state);
  auto other = new_application(db);
  CHECK(refused(notifications.pause(other, note.id)) == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "a canceled notification settles with what was found by then") {
  auto note = create(0, true);
  REQUIRE(notifications.begin_sending({note.key}, epoch)->size() == 1);
  REQUIRE(notifications.cancel(app, note.id));
  auto listed = *notifications.worklist(10'000);
  auto job = std::find_if(listed.begin(), listed.end(), [&](auto& each) { return each.key == note.key; });
  REQUIRE(job != listed.end());
  CHECK(job->canceled);
  REQUIRE(notifications.conclude({{note.key, 0}}, epoch));
  auto now = notifications.get(app, note.id);
  CHECK(now->state == state::canceled);
  CHECK(now->settled());
  CHECK(now->completed_at > 0);
  CHECK(notifications.controlled()->count(note.key) == 0);
}

TEST_CASE_FIXTURE(fixture, "what is due is launched, what is long past expires, by the database's clock") {
  auto far = create(now_ms() + 3'600'000), due = create(now_ms() + 3'600'000),
       late = create(now_ms() + 3'600'000), canceled = create(now_ms() + 3'600'000);
  CHECK(due.state == state::scheduled);
  due_since(due, 5'000);
  due_since(late, 3'700'000);
  due_since(canceled, 5'000);
  CHECK(notifications.cancel(app, canceled.id)->settled());
  REQUIRE(notifications.launch_due(1000));
  CHECK(now(far) == state::scheduled);
  CHECK(now(due) == state::launched);
  CHECK(now(late) == state::expired);
  CHECK(!notifications.get(app, late.id)->reason.empty());
  CHECK(now(canceled) == state::canceled);
  CHECK(notifications.launch(app, far.id, std::nullopt, nullptr)->value.state == state::launched);
}

TEST_CASE_FIXTURE(fixture,
                  "many that are due at one moment are launched together, each as it would be alone") {
  segment_store segments(db);
  REQUIRE(segments.put(app, "kept", *condition::parse(R"({"property":"plan","eq":"pro"})")).ok());
  REQUIRE(segments.put(app, "gone", *condition::parse("{}")).ok());
  auto other = new_application(db);
  auto due = [&](application_id of, const audience& whom) {
    notification_draft draft;
    draft.content.title = "x";
    draft.scheduled_at = now_ms() + 3'600'000;
    draft.audience = whom;
    auto made = notifications.create(of, draft, std::nullopt, nullptr);
    REQUIRE(made);
    due_since(made->value, 1'000);
    return made->value;
  };
  std::vector<notification> plain;
  for (int i = 0; i < 20; ++i)
    plain.push_back(due(i % 2 == 0 ? app : other, audience_all()));
  auto kept = due(app, audience_segment{"kept"}), gone = due(app, audience_segment{"gone"});
  auto torn = due(app, audience_all());
  change(db, "UPDATE notifications SET draft = '{' WHERE id = " + std::to_string(torn.key.value));
  REQUIRE(segments.erase(app, "gone").ok());
  auto made = notifications.launch_due(1000);
  REQUIRE(made);
  CHECK(made->launched >= 21);
  CHECK(made->failed >= 1);
  REQUIRE(made->unreadable.size() == 1);
  CHECK(made->unreadable[0].first == torn.id);
  for (const auto& each : plain) {
    auto launched = notifications.get(each.application, each.id);
    REQUIRE(launched);
    CHECK(launched->state == state::launched);
    CHECK(notifications.load_message(each.key)->expires_at ==
          launched->launched_at + utc_ms{each.draft.ttl_seconds} * 1000);
  }
  CHECK(notifications.get(app, kept.id)->condition_at_launch.find("plan") != std::string::npos);
  auto canceled = *notifications.get(app, gone.id);
  CHECK(canceled.state == state::canceled);
  CHECK(canceled.reason.find("gone") != std::string::npos);
  change(db, "DELETE FROM notifications WHERE id = " + std::to_string(torn.key.value));
}

TEST_CASE_FIXTURE(fixture, "a schedule in the past beyond its grace is refused") {
  notification_draft draft;
  draft.content.title = "x";
  draft.scheduled_at = now_ms() - 10'000;
  CHECK(notifications.create(app, draft, std::nullopt, nullptr));
  draft.misfire_grace_seconds = 5;
  auto refused = notifications.create(app, draft, std::nullopt, nullptr);
  REQUIRE(!refused);
  CHECK(refused.failure().pointer == "/scheduled_at");
}

TEST_CASE_FIXTURE(fixture, "a change takes place in a draft or scheduled one, or not at all") {
  auto note = create();
  auto rename = [](const notification& now) -> result<notification_draft> {
    auto draft = now.draft;
    draft.content.title = "y";
    return draft;
  };
  auto changed = notifications.update(app, note.id, rename);
  REQUIRE(changed);
  CHECK(changed->draft.content.title == "y");
  CHECK(changed->revision == note.revision + 1);
  CHECK(refused(notifications.update(app, note.id, [](auto&) -> result<notification_draft> {
          return error{errc::conflict, "no", "", 0};
        })) == errc::conflict);
  auto scheduled =
      notifications.update(app, note.id, [](const notification& now) -> result<notification_draft> {
        auto draft = now.draft;
        draft.scheduled_at = now_ms() + 3'600'000;
        return draft;
      });
  CHECK(scheduled->state == state::scheduled);
  REQUIRE(notifications.launch(app, note.id, std::nullopt, nullptr));
  CHECK(refused(notifications.update(app, note.id, rename)) == errc::wrong_state);
}

TEST_CASE_FIXTURE(fixture, "a pause that outlives the time-to-live ends by itself") {
  auto note = create(0, true);
  REQUIRE(notifications.pause(app, note.id));
  REQUIRE(notifications.end_outlived_pauses());
  CHECK(now(note) == state::paused);
  change(db, "UPDATE notifications SET expires_at = 1 WHERE id = " + std::to_string(note.key.value));
  REQUIRE(notifications.end_outlived_pauses());
  CHECK(now(note) == state::sending);
}

TEST_CASE_FIXTURE(fixture, "a deleted notification is gone at once, its rows in small steps") {
  auto note = create();
  change(db,
         "INSERT INTO deliveries (notification_id, device_id, outcome, attempts, code, gateway_message_id, "
         "settled_at) "
         "SELECT " +
             std::to_string(note.key.value) + ", seq, 1, 1, '', '', 1 FROM seq_1_to_25");
  REQUIRE(notifications.remove(app, note.id, [](auto&) { return result<void>(); }));
  CHECK(notifications.get(app, note.id).failure().code == errc::not_found);
  int steps = 0;
  deleted_notifications deleted(db);
  while (deleted.purge(10)->more)
    ++steps;
  CHECK(steps >= 3);
  uint64_t left = 1;
  REQUIRE(with_connection(db, [&](database::connection& on) {
    return on.query("counting", "SELECT COUNT(*) FROM deliveries WHERE notification_id = ?", {note.key},
                    [&](const sql_row& row) { left = row.number(0); });
  }));
  CHECK(left == 0);
}
