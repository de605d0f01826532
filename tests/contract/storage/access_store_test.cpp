#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "model/access.hpp"
#include "sample.hpp"
#include "storage/api_key_store.hpp"
#include "storage/application_store.hpp"
#include "storage/deleted_notifications.hpp"
#include "storage/property_index_store.hpp"
#include "storage/segment_store.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  api_key_store keys{db};
  application_store applications{db};
  result<application> rename(application_id app, const std::string& name) {
    return applications.change(app, [&](application& now) { return now.name = name, result<void>(); });
  }

  application make(const std::string& name) {
    auto made = applications.create(name);
    REQUIRE_MESSAGE(made.ok(), made.failure().detail);
    return made->value;
  }
  made_api_key make_key(application_id app, const api_key_wish& wish = {"ci", 6, std::nullopt, 0}) {
    auto made = keys.create(app, wish);
    REQUIRE_MESSAGE(made.ok(), made.failure().detail);
    return *made;
  }
  bool works(const made_api_key& key) { return keys.find(key.secret).ok(); }
  utc_ms now() { return static_cast<utc_ms>(number_of(db, "SELECT " + database_now)); }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a key is found by its text alone, and its text is stored nowhere") {
  auto app = make("keys-1");
  auto made = make_key(app.key, {"ci", 6, 25, now() + 60'000});
  CHECK(looks_like_api_key(made.secret));
  CHECK(made.value.id == made.secret.substr(0, 12));
  auto found = keys.find(made.secret);
  REQUIRE(found.ok());
  CHECK(found->value.application == app.key);
  CHECK(found->value.application_name == "keys-1");
  CHECK(found->value.scopes == 6);
  CHECK(found->value.requests_per_second == 25);
  CHECK_FALSE(found->suspended);
  CHECK(found->lives_for > 50'000);
  CHECK(found->lives_for <= 60'000);
  for (auto near :
       {made.secret.substr(0, 46), made.secret + "A", made.value.id, std::string("psk_"), std::string()})
    CHECK(keys.find(near).failure().code == errc::unauthenticated);
  auto flipped = made.secret;
  for (size_t i = 4; i < flipped.size(); ++i) {
    auto was = std::exchange(flipped[i], flipped[i] == 'A' ? 'B' : 'A');
    CHECK_FALSE(keys.find(flipped).ok());
    flipped[i] = was;
  }
  CHECK(number_of(db, "SELECT COUNT(*) FROM api_keys WHERE key_hash = ? OR prefix = ? OR name = ?",
                  {made.secret, made.secret, made.secret}) == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "the command line makes keys by an application's name, and lists and ends them all") {
  auto made = keys.create("default", {"cli", 5, std::nullopt, 0});
  REQUIRE(made.ok());
  CHECK(made->value.application_name == default_application);
  CHECK(keys.create("no such", {"cli", 1, std::nullopt, 0}).failure().code == errc::not_found);
  auto all = *keys.list_all(""), own = *keys.list_all("default");
  CHECK(own.size() <= all.size());
  auto is_made = [&](const api_key& each) { return each.id == made->value.id; };
  CHECK(std::any_of(own.begin(), own.end(), is_made));
  CHECK(keys.revoke(made->value.id).ok());
  CHECK(keys.revoke("psk_unknown").failure().code == errc::not_found);
  CHECK_FALSE(works(*made));
  own = *keys.list_all("default");
  CHECK(std::find_if(own.begin(), own.end(), is_made)->revoked_at > 0);
}

TEST_CASE_FIXTURE(fixture, "keys belong to their application: another neither sees nor ends them") {
  auto mine = make("keys-2"), other = make("keys-3");
  auto made = make_key(mine.key);
  CHECK(keys.get(mine.key, made.value.id).ok());
  CHECK(keys.get(other.key, made.value.id).failure().code == errc::not_found);
  CHECK(keys.revoke(other.key, made.value.id).failure().code == errc::not_found);
  CHECK(keys.rotate(other.key, made.value.id, std::nullopt).failure().code == errc::not_found);
  auto nothing = [](api_key&) { return result<void>(); };
  CHECK(keys.update(other.key, made.value.id, nothing).failure().code == errc::not_found);
  CHECK(keys.list(other.key, {}, 10)->empty());
  CHECK(works(made));
  auto second = make_key(mine.key);
  auto page = keys.list(mine.key, {}, 1);
  REQUIRE(page->size() == 1);
  CHECK(page->front().id == made.value.id);
  CHECK(keys.list(mine.key, page->front().key, 10)->front().id == second.value.id);
}

TEST_CASE_FIXTURE(fixture, "whatever changes who may do what changes the version with it") {
  auto app = make("keys-4");
  auto changes = [&](const auto& what) {
    auto before = *keys.version();
    what();
    return *keys.version() > before;
  };
  std::optional<made_api_key> key;
  CHECK(changes([&] { key = make_key(app.key); }));
  CHECK(changes([&] {
    CHECK(keys.update(app.key, key->value.id, [](api_key& k) { return k.scopes = 1, result<void>(); }).ok());
  }));
  CHECK(changes([&] { CHECK(keys.rotate(app.key, key->value.id, std::nullopt).ok()); }));
  CHECK(changes([&] { CHECK(keys.revoke(app.key, key->value.id).ok()); }));
  CHECK(changes([&] { CHECK(applications.suspend(app.key).ok()); }));
  CHECK(changes([&] { CHECK(applications.resume(app.key).ok()); }));
  CHECK(changes([&] { CHECK(rename(app.key, "keys-4b").ok()); }));
  CHECK(changes([&] { CHECK(applications.remove(app.key).ok()); }));
  CHECK_FALSE(changes([&] { (void)keys.find("psk_x"); }));
}

TEST_CASE_FIXTURE(fixture, "a rotated key has a twin; the old one lives on as long as is said") {
  auto app = make("keys-5");
  auto old = make_key(app.key, {"ci", 6, 3, 0});
  auto fresh = keys.rotate(app.key, old.value.id, std::nullopt);
  REQUIRE(fresh.ok());
  CHECK(fresh->value.name == "ci");
  CHECK(fresh->value.scopes == 6);
  CHECK(fresh->value.requests_per_second == 3);
  CHECK(works(old));
  CHECK(works(*fresh));
  CHECK(keys.rotate(app.key, old.value.id, 0).failure().code == errc::conflict);
  CHECK(keys.rotate(app.key, fresh->value.id, 0).failure().code == errc::conflict);
  CHECK(keys.revoke(app.key, old.value.id).ok());
  CHECK_FALSE(works(old));
  auto third = keys.rotate(app.key, fresh->value.id, 0);
  REQUIRE(third.ok());
  CHECK_FALSE(works(*fresh));
  auto fourth = keys.rotate(app.key, third->value.id, 300);
  REQUIRE(fourth.ok());
  CHECK(works(*third));
  CHECK(eventually([&] { return !works(*third); }));
  CHECK(works(*fourth));
}

TEST_CASE_FIXTURE(fixture, "a key ends at its time, and none is made that has ended") {
  auto app = make("keys-6");
  auto made = make_key(app.key, {"ci", 6, std::nullopt, now() + 300});
  CHECK(works(made));
  CHECK(eventually([&] { return !works(made); }));
  auto late = keys.create(app.key, {"ci", 6, std::nullopt, now() - 1});
  REQUIRE_FALSE(late.ok());
  CHECK(late.failure().pointer == "/expires_at");
}

TEST_CASE_FIXTURE(fixture, "an idempotency key makes one key and one application") {
  auto app = make("keys-7"), other = make("keys-8");
  CHECK(keys.create(app.key, {"ci", 6, std::nullopt, 0}, "once").ok());
  CHECK(keys.create(app.key, {"ci", 6, std::nullopt, 0}, "once").failure().code == errc::conflict);
  CHECK(keys.create(other.key, {"ci", 6, std::nullopt, 0}, "once").ok());
  auto first = applications.create("keys-9", "make 9");
  auto again = applications.create("keys-9", "make 9");
  REQUIRE(again.ok());
  CHECK(again->replayed);
  CHECK(again->value.id == first->value.id);
  CHECK(applications.create("keys-10", "make 9").failure().code == errc::idempotency_mismatch);
  CHECK(applications.create("keys-9").failure().code == errc::conflict);
}

TEST_CASE_FIXTURE(fixture, "the use of keys is noted, and which keys are live is known by their hashes") {
  auto app = make("keys-11");
  auto made = make_key(app.key);
  CHECK(keys.get(app.key, made.value.id)->last_used_at == 0);
  CHECK(keys.note_use({made.value.key, {1'000'000}}).ok());
  CHECK(keys.get(app.key, made.value.id)->last_used_at > 0);
  auto hash = sha256(made.secret);
  uint64_t start = 0;
  std::copy_n(hash.begin(), sizeof start, reinterpret_cast<uint8_t*>(&start));
  auto live = *keys.live_hashes(1000);
  CHECK(std::count(live.begin(), live.end(), start) == 1);
  CHECK(keys.revoke(app.key, made.value.id).ok());
  live = *keys.live_hashes(1000);
  CHECK(std::count(live.begin(), live.end(), start) == 0);
}

TEST_CASE_FIXTURE(fixture, "an application is found by name and id, renamed, and gone when it is deleted") {
  auto app = make("app-1");
  CHECK(applications.find("app-1")->key == app.key);
  CHECK(applications.find(app.id)->name == "app-1");
  CHECK(applications.find("App-1").failure().code == errc::not_found);
  CHECK(rename(app.key, "app-2")->name == "app-2");
  make("app-1");
  CHECK(rename(app.key, "app-1").failure().code == errc::conflict);
  auto key = make_key(app.key);
  CHECK(applications.remove(app.key).ok());
  CHECK(applications.find("app-2").failure().code == errc::not_found);
  CHECK(applications.find(app.id).failure().code == errc::not_found);
  CHECK(applications.get(app.key).failure().code == errc::not_found);
  CHECK(applications.remove(app.key).failure().code == errc::not_found);
  CHECK_FALSE(works(key));
  CHECK(make("app-2").id != app.id);
  auto all = *applications.list({}, 1000);
  CHECK(std::none_of(all.begin(), all.end(), [&](const application& each) { return each.key == app.key; }));
}

TEST_CASE_FIXTURE(fixture, "the application default is never renamed, suspended or deleted") {
  auto app = applications.find(default_application);
  REQUIRE(app.ok());
  CHECK(is_uuid(app->id));
  CHECK(rename(app->key, "other").failure().code == errc::conflict);
  CHECK(applications.suspend(app->key).failure().code == errc::conflict);
  CHECK(applications.remove(app->key).failure().code == errc::conflict);
}

TEST_CASE_FIXTURE(fixture, "nothing of a suspended application is launched or goes on, until it is resumed") {
  auto app = make("app-3"), other = make("app-4");
  notification_store notifications(db);
  auto running = launched(db, app.key), others = launched(db, other.key);
  notification_draft later;
  later.content.title = "later";
  later.audience = audience_all{};
  later.scheduled_at = now() + 50;
  auto scheduled = notifications.create(app.key, later, std::nullopt, nullptr);
  REQUIRE(scheduled.ok());
  REQUIRE(applications.suspend(app.key).ok());
  CHECK(keys.find(make_key(app.key).secret)->suspended);

  auto listed = [&](notification_key key) {
    auto jobs = *notifications.worklist(10'000);
    return std::any_of(jobs.begin(), jobs.end(), [&](const fan_out_job& job) { return job.key == key; });
  };
  CHECK_FALSE(listed(running.key));
  CHECK(listed(others.key));
  CHECK(notifications.controlled()->at(running.key) == control::paused);
  CHECK(notifications.controlled()->count(others.key) == 0);
  REQUIRE(eventually([&] { return now() > later.scheduled_at; }));
  REQUIRE(notifications.launch_due(1000).ok());
  CHECK(notifications.get(app.key, scheduled->value.id)->state == notification_state::scheduled);
  CHECK(applications.under_way(app.key)->size() == 1);

  REQUIRE(applications.resume(app.key).ok());
  CHECK(listed(running.key));
  CHECK(notifications.controlled()->count(running.key) == 0);
  REQUIRE(notifications.launch_due(1000).ok());
  CHECK(notifications.get(app.key, scheduled->value.id)->state == notification_state::launched);
  // Past its time-to-live it is let go, so that it expires.
  REQUIRE(applications.suspend(app.key).ok());
  change(db, "UPDATE notifications SET expires_at = 1 WHERE id = ?", {running.key});
  CHECK(listed(running.key));
  CHECK(notifications.controlled()->count(running.key) == 0);
}

TEST_CASE_FIXTURE(fixture, "counting what is under way ends where it is asked to") {
  auto app = make("app-5");
  launched(db, app.key);
  launched(db, app.key);
  CHECK(applications.count_under_way(1'000'000)->at(app.key) == 2);
  size_t counted = 0;
  auto counts = *applications.count_under_way(1);
  for (auto [of, count] : counts)
    counted += count;
  CHECK(counted == 1);
}

TEST_CASE_FIXTURE(fixture, "every table belongs to applications, or is known not to") {
  // A table that appears here is to be taken care of in storage/application_purge.cpp, unless its rows name
  // their application: those are found without being named.
  const std::set<std::string> others{"access_version", "applications",     "credential_changes", "deliveries",
                                     "held_tokens",    "journal_identity", "journal_marks",      "lease",
                                     "property_index", "reports",          "schema_version"};
  std::set<std::string> found;
  auto read = (*db.open())
                  ->query("testing",
                          "SELECT table_name FROM information_schema.tables t WHERE table_schema = "
                          "DATABASE() AND NOT EXISTS "
                          "(SELECT 1 FROM information_schema.columns c WHERE c.table_schema = t.table_schema "
                          "AND c.table_name = "
                          "t.table_name AND c.column_name = 'application_id')",
                          {}, [&](const sql_row& row) { found.emplace(row.text(0)); });
  REQUIRE_MESSAGE(read.ok(), read.failure().detail);
  CHECK(found == others);
}

TEST_CASE_FIXTURE(fixture,
                  "a deleted application leaves nothing behind, in small steps, and others keep theirs") {
  auto app = make("app-6"), other = make("app-7");
  device_store devices(db);
  segment_store segments(db);
  property_index_store indexes(db);
  notification_store notifications(db);
  for (auto of : {app.key, other.key}) {
    REQUIRE(indexes.declare(of, {"plan"}).ok());
    while (*indexes.work()) {
    }
    std::vector<device> many;
    for (int i = 0; i < 50; ++i)
      many.push_back(sample_device("d" + std::to_string(i), "t" + std::to_string(i)));
    many.push_back(sample_device("thief", "t0"));  // makes events
    REQUIRE(devices.put(of, many).ok());
    REQUIRE(segments.put(of, "all", *condition::parse("{}")).ok());
    make_key(of);
    auto note = launched(db, of);
    change(db,
           "INSERT INTO deliveries (notification_id, device_id, outcome, attempts, code, gateway_message_id, "
           "settled_at) VALUES (?, 1, 1, 1, '', '', 0)",
           {note.key});
    change(db, "INSERT INTO reports VALUES (?, 1, 1, 0)", {note.key});
    notification_draft draft;
    draft.content.title = "draft";
    draft.audience = audience_all{};
    REQUIRE(notifications
                .create(of, draft, notification_store::idempotency{"k", {}},
                        [](const notification&) { return std::string("{}"); })
                .ok());
    change(db,
           "INSERT INTO token_holds (application_id, gateway, environment, state, answered, dead, since) "
           "VALUES (?, 0, 0, 1, 1, 1, 1)",
           {of});
    change(db,
           "INSERT INTO held_tokens SELECT id, 1, REPEAT('x', 32), 0, 1, 1 FROM token_holds WHERE "
           "application_id = ?",
           {of});
    change(db,
           "INSERT INTO credentials (public_id, application_id, name, gateway, environments, active, facts, "
           "sealed, "
           "created_at, updated_at) VALUES (UUID(), ?, 'c', 0, 1, 1, '', '', 0, 0)",
           {of});
    change(db, "INSERT INTO token_guard (application_id, gateway, environment) VALUES (?, 0, 0)", {of});
  }
  auto note = notifications.list(app.key, notification_filter{notification_state::launched, {}, 0, 0}, {}, 1)
                  ->front();
  auto index_ids = [&](application_id of) {
    return number_of(db, "SELECT id FROM indexed_properties WHERE application_id = ?", {of});
  };
  auto gone_index = index_ids(app.key), kept_index = index_ids(other.key);
  auto kept_rows = number_of(db, "SELECT COUNT(*) FROM property_index WHERE index_id = ?", {kept_index});
  CHECK(kept_rows == 51);

  REQUIRE(applications.remove(app.key).ok());
  CHECK(number_of(db, "SELECT state FROM notifications WHERE id = ?", {note.key}) ==
        static_cast<uint64_t>(notification_state::canceled));
  auto left = [&] {
    return number_of(db, "SELECT COUNT(*) FROM devices WHERE application_id = ?", {app.key});
  };
  auto before = left();
  // Others that were deleted earlier come first.
  for (int i = 0; i < 100 && left() == before; ++i)
    REQUIRE(applications.purge(10).ok());
  CHECK(left() == before - 10);
  // What is canceled and not settled may still need its credential.
  auto count_credentials = [&] {
    return number_of(db, "SELECT COUNT(*) FROM credentials WHERE application_id = ?", {app.key});
  };
  auto credentials_version = [&] { return number_of(db, "SELECT version FROM credential_changes"); };
  auto version = credentials_version();
  for (int i = 0; i < 100 && *applications.purge(10); ++i) {
  }
  CHECK(count_credentials() == 1);
  // Fan-out closes its audience; then it is settled and can go.
  change(db, "UPDATE notifications SET fan_out_done = 1 WHERE id = ?", {note.key});
  REQUIRE(notifications.sweep_completed().ok());
  auto purge_all = [&](utc_ms grace) {
    for (int i = 0; i < 100 && *applications.purge(10, grace); ++i) {
    }
    while (*indexes.work()) {
    }
    deleted_notifications deleted(db);
    while (deleted.purge(1000)->more) {
    }
  };
  purge_all(600'000);
  CHECK(number_of(db, "SELECT COUNT(*) FROM applications WHERE id = ?", {app.key}) == 1);
  purge_all(-1);
  CHECK(number_of(db, "SELECT COUNT(*) FROM applications WHERE id = ?", {app.key}) == 0);
  CHECK(credentials_version() > version);
  std::vector<std::string> tables;
  auto read =
      (*db.open())
          ->query("testing",
                  "SELECT table_name FROM information_schema.columns WHERE table_schema = DATABASE() AND "
                  "column_name = 'application_id'",
                  {}, [&](const sql_row& row) { tables.emplace_back(row.text(0)); });
  REQUIRE_MESSAGE(read.ok(), read.failure().detail);
  for (const auto& table : tables) {
    CAPTURE(table);
    CHECK(number_of(db, "SELECT COUNT(*) FROM " + table + " WHERE application_id = ?", {app.key}) == 0);
  }
  CHECK(number_of(db, "SELECT COUNT(*) FROM deliveries WHERE notification_id = ?", {note.key}) == 0);
  CHECK(number_of(db, "SELECT COUNT(*) FROM reports WHERE notification_id = ?", {note.key}) == 0);
  CHECK(number_of(db, "SELECT COUNT(*) FROM property_index WHERE index_id = ?", {gone_index}) == 0);
  CHECK(number_of(db,
                  "SELECT COUNT(*) FROM held_tokens h WHERE NOT EXISTS (SELECT 1 FROM token_holds t WHERE "
                  "t.id = h.hold_id)") == 0);

  CHECK(number_of(db, "SELECT COUNT(*) FROM devices WHERE application_id = ?", {other.key}) == 51);
  CHECK(number_of(db, "SELECT COUNT(*) FROM property_index WHERE index_id = ?", {kept_index}) == kept_rows);
  CHECK(segments.get(other.key, "all").ok());
  CHECK(notifications.list(other.key, {}, {}, 10)->size() == 2);
  CHECK(number_of(db,
                  "SELECT COUNT(*) FROM deliveries r JOIN notifications n ON n.id = r.notification_id WHERE "
                  "n.application_id = ?",
                  {other.key}) == 1);
}
