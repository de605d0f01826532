#include "storage/retention_purge.hpp"

#include <doctest/doctest.h>

#include "leading_fixture.hpp"
#include "storage/application_store.hpp"
#include "storage/deleted_notifications.hpp"
#include "storage/device_store.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

using state = notification_state;
constexpr int64_t day_ms = 86'400'000;

/// With two applications: one keeps everything for ten days, the other what it wishes.
struct fixture : leading_fixture {
  application_id other = new_application(db);
  retention usual{10, 10, 10, 48};
  retention_purge purge{db, usual};
  deleted_notifications deleted{db};

  void wish(application_id of, const char* what, unsigned value) {
    change(db, "UPDATE applications SET " + std::string(what) + " = ? WHERE id = ?", {value, of});
  }
  notification note(application_id of, state now, int64_t days_old, int64_t days_settled, int rows = 0) {
    auto made = launched(db, of);
    auto ms_ago = [](int64_t days) { return now_ms() - days * day_ms; };
    change(db,
           "UPDATE notifications SET state = ?, fan_out_done = ?, created_at = ?, completed_at = ?, "
           "audience_count = ?, count_accepted = ? WHERE id = ?",
           {number(now), days_settled > 0 ? 1 : 0, ms_ago(days_old),
            days_settled > 0 ? ms_ago(days_settled) : 0, rows, rows, made.key});
    change(db,
           "INSERT INTO deliveries (notification_id, device_id, outcome, attempts, code, "
           "gateway_message_id, settled_at) SELECT ?, seq, 1, 1, '', '', 1 FROM seq_1_to_100000 WHERE seq "
           "<= ?",
           {made.key, rows});
    change(db, "INSERT INTO reports VALUES (?, 1, 1, 0)", {made.key});
    return made;
  }
  static unsigned number(state value) { return static_cast<unsigned>(value); }
  void run() {
    REQUIRE(purge.begin());
    for (bool more = true; more;) {
      auto stepped = purge.step(100);
      REQUIRE_MESSAGE(stepped.ok(), stepped.failure().detail);
      more = *stepped;
    }
    for (bool more = true; more;) {
      auto stepped = deleted.purge(100);
      REQUIRE_MESSAGE(stepped.ok(), stepped.failure().detail);
      more = stepped->more;
    }
  }
  bool there(application_id of, const notification& which) {
    auto rows = rows_of("deliveries", which) + rows_of("reports", which);
    bool found = notifications.get(of, which.id).ok();
    CHECK((rows > 0) == found);
    return found;
  }
  uint64_t rows_of(const char* table, const notification& which) {
    return number_of(db, "SELECT COUNT(*) FROM " + std::string(table) + " WHERE notification_id = ?",
                     {which.key});
  }
  uint64_t count(const char* table, application_id of) {
    return number_of(db, "SELECT COUNT(*) FROM " + std::string(table) + " WHERE application_id = ?", {of});
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "what settled long enough ago goes, with its rows, each application's by its own terms") {
  wish(other, "notification_days", 20);
  auto old = note(app, state::completed, 12, 11, 250), expired = note(app, state::expired, 12, 11),
       canceled = note(app, state::canceled, 12, 11, 3), young = note(app, state::completed, 12, 9),
       gone = note(other, state::completed, 25, 21, 1), kept = note(other, state::completed, 15, 15);
  run();
  CHECK(purge.done().notifications >= 4);
  CHECK_FALSE(there(app, old));
  CHECK_FALSE(there(app, expired));
  CHECK_FALSE(there(app, canceled));
  CHECK(there(app, young));
  CHECK(there(other, kept));
  CHECK_FALSE(there(other, gone));
  CHECK(number_of(db, "SELECT COUNT(*) FROM notifications WHERE id = ?", {old.key}) == 0);
  wish(other, "notification_days", 0);
  change(db, "UPDATE notifications SET completed_at = 1, created_at = 1 WHERE id = ?", {kept.key});
  run();
  CHECK(there(other, kept));
}

TEST_CASE_FIXTURE(fixture, "nothing that is not settled goes, however old") {
  std::vector<notification> all;
  for (auto now :
       {state::draft, state::scheduled, state::launched, state::sending, state::paused, state::canceled})
    all.push_back(note(app, now, 4000, 0));
  // One that a rebuilt journal began anew is sending again, whatever its times say.
  all.push_back(note(app, state::sending, 4000, 3900));
  run();
  for (const auto& each : all)
    CHECK(there(app, each));
}

TEST_CASE_FIXTURE(fixture, "a purge that broke off anywhere is gone on with by another") {
  auto old = note(app, state::completed, 12, 11, 250);
  REQUIRE(purge.begin());
  while (rows_of("deliveries", old) == 250) {
    REQUIRE(purge.step(100));
    REQUIRE(deleted.purge(100));
  }
  CHECK(rows_of("deliveries", old) == 150);
  CHECK(notifications.get(app, old.id).failure().code == errc::not_found);
  deleted_notifications successor(db);
  while (successor.purge(100)->more) {
  }
  CHECK(rows_of("deliveries", old) == 0);
  CHECK(rows_of("reports", old) == 0);
}

TEST_CASE_FIXTURE(fixture, "a row behind the place that the purge has reached is not left behind") {
  auto old = note(app, state::completed, 12, 11, 250);
  REQUIRE(purge.begin());
  while (rows_of("deliveries", old) == 250) {
    REQUIRE(purge.step(100));
    REQUIRE(deleted.purge(100));
  }
  change(db,
         "INSERT INTO deliveries (notification_id, device_id, outcome, attempts, code, gateway_message_id, "
         "settled_at) VALUES (?, 1, 1, 1, '', '', 1)",
         {old.key});
  while (deleted.purge(100)->more) {
  }
  CHECK(rows_of("deliveries", old) == 0);
}

TEST_CASE_FIXTURE(fixture, "the history of devices reaches back as far as their application wishes") {
  wish(other, "event_days", 30);
  change(db, "DELETE FROM device_events");  // what other tests wrote is younger, and would stand before
  for (int days : {40, 20, 5})
    for (auto of : {app, other})
      change(db, "INSERT INTO device_events (application_id, device_id, type, at) VALUES (?, 1, 1, ?)",
             {of, now_ms() - days * day_ms});
  run();
  CHECK(count("device_events", app) == 1);
  CHECK(count("device_events", other) == 2);
}

TEST_CASE_FIXTURE(fixture, "devices whose token is dead for long enough go, and none that is not") {
  device_store devices(db);
  wish(other, "disabled_device_days", 0);
  for (auto of : {app, other}) {
    std::vector<device> many;
    for (int i = 0; i < 250; ++i)
      many.push_back(sample_device("d" + std::to_string(i), "t" + std::to_string(i)));
    REQUIRE(devices.put(of, many));
    auto disable = [&](const char* id, int64_t days) {
      change(db,
             "UPDATE devices SET disabled = 1, disabled_at = ? WHERE application_id = ? AND device_id = ?",
             {now_ms() - days * day_ms, of, id});
    };
    disable("d7", 11);
    disable("d240", 5000);
    disable("d8", 9);
  }
  run();
  CHECK(purge.done().devices >= 2);
  CHECK(count("devices", app) == 248);
  CHECK(count("devices", other) == 250);
  CHECK(devices.get(app, "d7").failure().code == errc::not_found);
  CHECK(devices.get(app, "d8"));
}

TEST_CASE_FIXTURE(fixture, "idempotency keys are forgotten when their time is over") {
  wish(other, "idempotency_hours", 24);
  for (auto of : {app, other})
    for (int hours : {60, 47, 30, 23})
      for (int i = 0; i < 120; ++i)
        change(db,
               "INSERT INTO idempotency_keys (application_id, idempotency_key, request, body, created_at) "
               "VALUES (?, ?, '', '', ?)",
               {of, std::to_string(hours) + "-" + std::to_string(i), now_ms() - hours * 3'600'000 + i});
  run();
  CHECK(count("idempotency_keys", app) == 360);
  CHECK(count("idempotency_keys", other) == 120);
}

TEST_CASE_FIXTURE(fixture, "the wishes of an application are changed one by one, and taken back") {
  application_store applications(db);
  auto wished = [&](auto edit) { return applications.change(app, edit)->kept; };
  auto kept = wished([](application& now) { return now.kept.event_days = 7, result<void>(); });
  CHECK(kept.event_days == 7);
  CHECK_FALSE(kept.notification_days);
  kept = wished([](application& now) { return now.kept.notification_days = 0, result<void>(); });
  CHECK(kept.event_days == 7);
  CHECK(kept.over(usual).notification_days == 0);
  CHECK(kept.over(usual).idempotency_hours == 48);
  kept = wished([](application& now) { return now.kept = {}, result<void>(); });
  CHECK_FALSE(kept.event_days);
}
