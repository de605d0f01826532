// A journal that is lost or older, as MariaDB and Redis tell it, and the steps by which it is made anew.
#include "actors/journal_rebuild.hpp"

#include <doctest/doctest.h>

#include "storage/journal.hpp"
#include "storage/journal_codec.hpp"
#include "storage/journal_marks.hpp"
#include "storage/node_registry.hpp"
#include "tests/contract/storage/leading_fixture.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

const push_queue queue{{1}, gateway::fcm, environment::production, lane::campaign};

push_result accepted(device_key device) {
  push_result made;
  made.device = device;
  made.outcome = outcome::accepted;
  made.attempts = 1;
  made.settled_at = 1;
  return made;
}

/// An installation with a whole journal, of which this test leads fan-out.
struct installation : leading_fixture {
  installation() {
    change(db, "DELETE FROM journal_identity");
    change(db, "DELETE FROM journal_marks");
    change(db, "UPDATE notifications SET completed_at = 1 WHERE completed_at = 0 AND launched_at > 0");
    REQUIRE(raw.command({"FLUSHALL"}));
    run = identities.get_or_create()->run_id;
    REQUIRE(journal(shared_stores().redis, run, "n/b/fan-out/0").create());
    REQUIRE(identities.mark_created(run));
    REQUIRE(work().raise_epoch(epoch));
  }

  journal work(const char* consumer = "n/b/fan-out/0") const {
    return {shared_stores().redis, identity().run_id, consumer};
  }
  journal_identity identity() const {
    database own(shared_stores().mysql);
    return *journal_identity_store(own).get_or_create();
  }
  journal_state state() {
    auto known = identity();
    return judge(known, *foundation.look(known.run_id)).state;
  }
  result<std::optional<journal_rebuild::report>> rebuild() {
    std::atomic<bool> stop{false};
    return journal_rebuild(shared_stores(), "leader")
        .run_if_broken(
            epoch, [this] { ++epoch; }, stop);
  }

  fan_out_task task(notification_key key) {
    auto tasks = notifications.tasks({key}, 1'000'000);
    REQUIRE(tasks.ok());
    return *std::move(tasks->at(0).second);
  }
  /// Rows of devices that need not exist.
  result<delivery_store::recorded> record(result_mark& by, notification_key key, uint64_t from, uint64_t to,
                                          const std::string& entry) {
    result_batch batch;
    batch.notification = key;
    for (auto id = from; id <= to; ++id)
      batch.results.push_back(accepted({id}));
    if (auto ready = by.prepare(db); !ready) return ready.failure();
    return delivery_store(db).record({batch},
                                     [&](database::connection& on) { return by.raise(on, mark_of(entry)); });
  }

  redis raw{shared_stores().redis};
  journal_identity_store identities{db};
  journal_foundation foundation{shared_stores().redis};
  std::string run;
};

}  // namespace

TEST_CASE_FIXTURE(installation, "the journal's name is made once and stays until a rebuild") {
  CHECK(is_uuid(run));
  CHECK(identity().run_id == run);
  CHECK(identity().installation == run);
  CHECK_FALSE(identity().fresh);
  CHECK(identities.mark_created("another").failure().code == errc::journal_lost);
  CHECK(identities.mark_created(run));
  auto first = identities.begin_rebuild("leader", epoch);
  REQUIRE(first.ok());
  CHECK(installation_of(first->run_id) == run);
  CHECK(first->epoch == epoch + 1);
  CHECK(identities.begin_rebuild("leader", epoch).failure().code == errc::fenced);
  CHECK(identities.begin_rebuild("other", epoch + 1).failure().code == errc::fenced);
  auto second = identities.begin_rebuild("leader", epoch + 1);
  REQUIRE(second.ok());
  CHECK(second->run_id != first->run_id);
  CHECK(identities.finish_rebuild(*first).failure().code == errc::fenced);
  CHECK(identity().rebuilding);
  CHECK(identities.finish_rebuild(*second));
  CHECK_FALSE(identity().rebuilding);
  CHECK(identity().rebuilds == 1);
  CHECK(identity().run_id == second->run_id);
}

TEST_CASE_FIXTURE(installation,
                  "whoever opens a connection after Redis forgot its scripts waits for a voucher") {
  auto one = work();
  CHECK(one.check());
  REQUIRE(raw.command({"SCRIPT", "FLUSH"}));
  CHECK(one.check());  // a connection that is open is to the server that was compared
  CHECK(one.promote(1).failure().code == errc::journal_unavailable);  // finds its script gone
  CHECK(one.promote(1).failure().code == errc::journal_unavailable);  // and then no voucher
  auto fresh = work();
  auto refused = fresh.check();
  CHECK(refused.failure().code == errc::journal_unavailable);
  CHECK(refused.failure().detail.find("not compared with MariaDB") != std::string::npos);
  REQUIRE(foundation.look(run)->vouched == false);
  REQUIRE(foundation.vouch(run));
  CHECK(foundation.look(run)->vouched);
  CHECK(fresh.check());
  CHECK(one.promote(1));
}

TEST_CASE_FIXTURE(installation, "a Redis that knows of less than the rows are based on is an older one") {
  CHECK(state() == journal_state::whole);
  auto key = launched(db, app).key;
  result_mark writer("n/b/result-writer/0", run);
  REQUIRE(record(writer, key, 1, 2, "5-1"));
  CHECK(identity().highest_result == mark_of("5-1"));
  CHECK(state() == journal_state::older);
  REQUIRE(raw.command({"XADD", journal_keys("pusher").results, "5-1", "r", ""}));
  CHECK(state() == journal_state::whole);
  REQUIRE(notifications.conclude({{key, 2}}, epoch, 3));
  CHECK(identity().pages == 3);
  CHECK(state() == journal_state::older);
  REQUIRE(raw.command({"SET", journal_keys("pusher").pages, "3"}));
  CHECK(state() == journal_state::whole);
  // A writer that starts again, and one that has been gone for long, take no mark away.
  change(db, "UPDATE journal_marks SET updated_at = 1");
  result_mark other("n/c/result-writer/0", run);
  REQUIRE(other.prepare(db));
  CHECK(identity().highest_result == mark_of("5-1"));
  CHECK(number_of(db, "SELECT COUNT(*) FROM journal_marks") == 1);
  // Its row was taken: it makes another one.
  CHECK(record(writer, key, 3, 3, "6-0").failure().code == errc::journal_lost);
  writer.doubt();
  CHECK(record(writer, key, 3, 3, "6-0"));
}

TEST_CASE_FIXTURE(installation,
                  "a missing part is a loss, and another installation's journal is left alone") {
  REQUIRE(raw.command({"DEL", journal_keys("pusher").results}));
  CHECK(state() == journal_state::lost);
  REQUIRE(rebuild()->has_value());
  REQUIRE(raw.command({"DEL", journal_keys("pusher").epoch}));
  CHECK(state() == journal_state::lost);
  REQUIRE(rebuild()->has_value());
  CHECK(state() == journal_state::whole);
  CHECK_FALSE(rebuild()->has_value());
  REQUIRE(raw.command({"SET", journal_keys("pusher").run, "01999999-9999-7999-8999-999999999999"}));
  CHECK(state() == journal_state::foreign);
  CHECK_FALSE(rebuild()->has_value());
  CHECK(raw.command({"GET", journal_keys("pusher").run})->text == "01999999-9999-7999-8999-999999999999");
}

TEST_CASE_FIXTURE(installation,
                  "a rebuild fences what is old, saves results that survived, and begins the rest anew") {
  auto half = launched(db, app).key, done = launched(db, app).key, settled = launched(db, app).key;
  result_mark writer("n/b/result-writer/0", run);
  REQUIRE(record(writer, half, 1, 3, "5-1"));
  REQUIRE(record(writer, settled, 1, 1, "5-2"));
  REQUIRE(notifications.begin_sending({half}, epoch));
  REQUIRE(notifications.conclude({{half, 10}, {settled, 1}}, epoch));
  auto old = work("n/b/push-sender/0");
  auto old_epoch = epoch;
  // Two that survive, in a Redis that is older than the rows.
  result_batch late;
  late.notification = half;
  late.results = {accepted({3}), accepted({4})};
  const journal_keys keys("pusher");
  REQUIRE(raw.command({"XADD", keys.results, "4-1", "r", encode(late)}));
  REQUIRE(raw.command({"XADD", keys.results, "4-2", "r", "what is this"}));
  REQUIRE(raw.command({"HSET", keys.shared, "token", "kept"}));
  REQUIRE(raw.command({"HSET", keys.stages, "fan-out", "kept"}));
  REQUIRE(raw.command({"SET", keys.push("1.fcm.production.campaign") + "x", "gone"}));
  REQUIRE(raw.command({"SET", "{other}:run", "not ours"}));
  node_registry registry(shared_stores().redis);
  CHECK(*registry.announce("n/b", "record", 60'000));
  CHECK_FALSE(*registry.announce("n/b", "record", 60'000));
  REQUIRE(identities.note_configured(epoch, "a\n1 fcm\nb\n2 apns\n"));
  REQUIRE(registry.announce_configured("a", "3 fcm"));

  auto made = rebuild();
  REQUIRE_MESSAGE(made.ok(), made.failure().detail);
  REQUIRE(made->has_value());
  CHECK((*made)->results == 1);
  CHECK((*made)->notifications == 2);
  CHECK((*made)->settled == 4);
  CHECK(epoch == old_epoch + 1);

  CHECK(state() == journal_state::whole);
  CHECK(identity().run_id == (*made)->run_id);
  CHECK(work().check());
  CHECK(old.check().failure().code == errc::journal_lost);
  CHECK(old.claim_batches("1.fcm.production.campaign", 1).failure().code == errc::journal_lost);
  writer.doubt();
  CHECK(record(writer, half, 5, 5, "5-3").failure().code == errc::journal_lost);
  CHECK(notifications.conclude({{half, 10}}, old_epoch).failure().code == errc::fenced);
  CHECK(raw.command({"HGET", keys.shared, "token"})->text == "kept");
  CHECK(raw.command({"HGET", keys.stages, "fan-out"})->text == "kept");
  CHECK(raw.command({"GET", "{other}:run"})->text == "not ours");
  CHECK(raw.command({"EXISTS", keys.push("1.fcm.production.campaign") + "x"})->integer == 0);
  CHECK(raw.command({"XLEN", keys.results})->integer == 0);
  CHECK(*work().configured() ==
        std::vector<std::pair<std::string, std::string>>{{"a", "3 fcm"}, {"b", "2 apns"}});
  CHECK(registry.list()->size() == 1);

  CHECK(task(half).rebuilt);
  CHECK(task(half).settled == 4);
  CHECK(*notifications.settled_devices(half, {2}, {9}) == std::vector<device_key>{{2}, {3}, {4}});
  CHECK(task(done).rebuilt);
  CHECK(task(done).settled == 0);
  CHECK_FALSE(task(settled).rebuilt);
  auto jobs = *notifications.worklist(1000);
  CHECK(std::count_if(jobs.begin(), jobs.end(), [&](auto job) { return job.key == half; }) == 1);

  // A notification with rows begins with these as its audience.
  auto again = work();
  REQUIRE(again.raise_epoch(epoch));
  message content;
  content.key = half;
  CHECK(again.begin_fan_out(epoch, {{&content, {}, 4}}).at(0)->audience == 4);
  CHECK(again.begin_fan_out(epoch, {{&content, {}, 9}}).at(0)->audience == 4);
}

TEST_CASE_FIXTURE(installation,
                  "who rebuilt half of it and comes back later takes nothing away from its successor") {
  auto key = launched(db, app).key;
  REQUIRE(raw.command({"FLUSHALL"}));
  auto first = identities.begin_rebuild("leader", epoch);
  REQUIRE(first.ok());
  journal_foundation late(shared_stores().redis);
  REQUIRE(late.begin(*first));
  CHECK(state() == journal_state::rebuilding);
  // The next one leads.
  epoch = lead();
  auto made = rebuild();
  REQUIRE_MESSAGE(made.ok(), made.failure().detail);
  REQUIRE(made->has_value());
  CHECK(late.sweep(*first).failure().code == errc::fenced);
  CHECK(late.found(*first).failure().code == errc::fenced);
  CHECK(late.begin(*first).failure().code == errc::fenced);
  CHECK(notifications.begin_anew(first->epoch, {}, 10).failure().code == errc::fenced);
  CHECK(identities.finish_rebuild(*first).failure().code == errc::fenced);
  CHECK(state() == journal_state::whole);
  CHECK(task(key).rebuilt);
}

TEST_CASE_FIXTURE(installation,
                  "a rebuild whose connection ended is begun anew, and never goes on with another Redis") {
  REQUIRE(raw.command({"FLUSHALL"}));
  auto first = identities.begin_rebuild("leader", epoch);
  REQUIRE(first.ok());
  REQUIRE(foundation.begin(*first));
  REQUIRE(raw.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}));
  CHECK(foundation.found(*first).failure().code == errc::journal_unavailable);
  CHECK(foundation.finish(*first).failure().code == errc::journal_unavailable);
  REQUIRE(foundation.look(first->run_id).ok());
  CHECK_FALSE(foundation.look(first->run_id)->vouched);
}

TEST_CASE_FIXTURE(installation,
                  "the waves of a local time are walked through again, each with its own time-to-live") {
  notification_draft draft;
  draft.content.title = "waves";
  draft.audience = audience_all{};
  draft.launch = true;
  draft.local_time = *parse_wall_time("2020-01-01T09:00:00");
  draft.misfire_grace_seconds = 1'000'000'000;
  auto made = notifications.create(app, draft, std::nullopt, nullptr);
  REQUIRE_MESSAGE(made.ok(), made.failure().detail);
  auto key = made->value.key;
  auto before = task(key).wave;
  REQUIRE(before.has_value());
  REQUIRE(notifications.begin_sending({key}, epoch));
  REQUIRE(notifications.finish_wave(key, epoch, 2, 0, 20, 7));
  CHECK(identity().pages == 7);
  CHECK(task(key).wave->number == 1);
  REQUIRE(raw.command({"FLUSHALL"}));
  REQUIRE(rebuild()->has_value());
  CHECK(task(key).wave->number == 0);
  CHECK(task(key).wave->from == before->from);
  CHECK(task(key).wave->due == before->due);
}
