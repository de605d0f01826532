#include "storage/credential_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sample.hpp"
#include "storage/journal.hpp"
#include "storage/redis.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db), other = new_application(db);
  credential_store store{db};

  credential draft(const std::string& name, gateway of = gateway::fcm, bool active = true) {
    credential made;
    made.id = make_uuid_v7();
    made.application = app;
    made.name = name;
    made.gateway = of;
    made.active = active;
    made.facts = R"({"fingerprint":"ab"})";
    made.sealed = "key1.sealed-" + name;
    return made;
  }
  credential make(const std::string& name, gateway of = gateway::fcm, bool active = true) {
    auto made = store.create(draft(name, of, active));
    REQUIRE_MESSAGE(made.ok(), made.failure().detail);
    return *made;
  }
  std::vector<std::string> active_names() {
    std::vector<std::string> names;
    auto active = store.active_of(app);
    REQUIRE(active);
    for (const auto& each : *active)
      names.push_back(each.name);
    return names;
  }
  /// Ours among all in the snapshot.
  std::vector<std::string> published() {
    std::vector<std::string> names;
    auto snapshot = store.snapshot();
    REQUIRE(snapshot);
    for (const auto& each : snapshot->active)
      if (each.value.application == app) names.push_back(each.value.name);
    return names;
  }
};

using names = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "a credential is stored, listed, renamed and deleted, each application's by itself") {
  auto made = make("main");
  CHECK(made.created_at > 0);
  CHECK(made.activated_at > 0);
  CHECK(made.verified_at == 0);
  CHECK(store.get(app, made.id)->sealed == "key1.sealed-main");
  CHECK(store.get(other, made.id).failure().code == errc::not_found);
  CHECK(store.list(app)->size() == 1);
  CHECK(store.list(other)->empty());
  CHECK(store.create(draft("main")).failure().pointer == "/name");
  auto second = make("second", gateway::apns);
  CHECK(store.rename(app, second.id, "main").failure().code == errc::conflict);
  CHECK(store.rename(other, second.id, "x").failure().code == errc::not_found);
  CHECK(store.rename(app, second.id, "new")->name == "new");
  CHECK(store.erase(other, made.id).failure().code == errc::not_found);
  REQUIRE(store.erase(app, made.id));
  CHECK(store.erase(app, made.id).failure().code == errc::not_found);
  CHECK(store.list(app)->size() == 1);
}

TEST_CASE_FIXTURE(fixture, "the one activated last comes first, also within a millisecond") {
  auto first = make("first"), second = make("second");
  make("sleeping", gateway::fcm, false);
  CHECK(active_names() == names{"second", "first"});
  REQUIRE(store.set_active(app, first.id, true));
  CHECK(active_names() == names{"first", "second"});
  REQUIRE(store.set_active(app, second.id, true));
  REQUIRE(store.set_active(app, first.id, true));
  CHECK(active_names() == names{"first", "second"});
  REQUIRE(store.set_active(app, first.id, false));
  CHECK(active_names() == names{"second"});
  CHECK(store.get(app, first.id)->activated_at > 0);
  CHECK(published() == active_names());
}

TEST_CASE_FIXTURE(fixture, "the version changes when what is active changes, and only then") {
  auto made = make("main");
  auto version = *store.version();
  CHECK(store.snapshot()->version == version);
  make("sleeping", gateway::fcm, false);
  REQUIRE(store.rename(app, made.id, "renamed"));
  REQUIRE(store.note_verification(app, made.id, ""));
  CHECK(*store.version() == version);
  REQUIRE(store.set_active(app, made.id, false));
  auto later = *store.version();
  CHECK(later > version);
  REQUIRE(store.erase(app, made.id));
  CHECK(*store.version() > later);
}

TEST_CASE_FIXTURE(fixture,
                  "an application has so many credentials of a gateway and no more, asked at once as well") {
  for (size_t i = 0; i < most_credentials_per_gateway; ++i)
    make("c" + std::to_string(i));
  CHECK(store.create(draft("one more")).failure().code == errc::conflict);
  CHECK(store.create(draft("another gateway", gateway::hms)).ok());
}

TEST_CASE_FIXTURE(fixture, "a verification is noted with its time, a failed one with its reason") {
  auto made = make("main");
  auto failed = store.note_verification(app, made.id, "InvalidProviderToken");
  REQUIRE(failed);
  CHECK(failed->last_error == "InvalidProviderToken");
  CHECK(failed->last_error_at > 0);
  CHECK(failed->verified_at == 0);
  auto good = store.note_verification(app, made.id, "");
  CHECK(good->last_error.empty());
  CHECK(good->verified_at > 0);
  CHECK(store.note_verification(app, made.id, std::string(1000, 'x')).ok());
}

TEST_CASE_FIXTURE(fixture, "all is sealed anew by a newer key, but what cannot be opened") {
  auto first = make("first"), second = make("second");
  CHECK_FALSE(store.secrets_key("key1")->empty());
  auto resealed = store.reseal("key2", [&](const credential& each) -> std::optional<std::string> {
    if (each.id == second.id) return std::nullopt;
    return "key2." + each.name;
  });
  REQUIRE(resealed);
  CHECK(*resealed >= 1);
  CHECK(store.get(app, first.id)->sealed == "key2.first");
  CHECK(store.get(app, second.id)->sealed == "key1.sealed-second");
  CHECK(*store.secrets_key("key3") == "key2");
  auto again = store.reseal("key2", [&](const credential& each) -> std::optional<std::string> {
    CHECK(each.id != first.id);
    return std::nullopt;
  });
  CHECK(*again == 0);
}

// -- in Redis --

namespace {

struct board {
  redis raw{shared_stores().redis};
  journal one{shared_stores().redis, "run-1", "n1/b1/fan-out/0"};

  board() {
    REQUIRE(raw.command({"FLUSHALL"}));
    REQUIRE(one.create());
    REQUIRE(one.raise_epoch(3));
  }
};

}  // namespace

TEST_CASE_FIXTURE(board, "what is published replaces what was, unless it is older") {
  CHECK(one.credential_status()->version.empty());
  REQUIRE(one.publish_credentials(0, 5, "index 5", {{"a", "sealed a"}, {"b", "sealed b"}}));
  CHECK(one.load_credentials()->index == "index 5");
  CHECK(*one.sealed_credential("b") == "sealed b");
  CHECK_FALSE(one.sealed_credential("c")->has_value());
  REQUIRE(one.publish_credentials(0, 6, "index 6", {{"a", "sealed again"}}));
  CHECK(one.credential_status()->version == "6");
  CHECK_FALSE(one.sealed_credential("b")->has_value());
  REQUIRE(one.publish_credentials(0, 4, "index 4", {}));
  CHECK(one.load_credentials()->index == "index 6");
  // MariaDB came back from an older backup: the leader says so, and nobody else.
  CHECK(*one.publish_credentials(2, 4, "index 4", {}) == commit_status::fenced);
  CHECK(*one.publish_credentials(3, 4, "index 4", {}) == commit_status::done);
  CHECK(one.load_credentials()->index == "index 4");
}

TEST_CASE_FIXTURE(board, "closed routes are the leader's to tell, and outlive what is published") {
  CHECK(*one.close_routes(2, "1.fcm") == commit_status::fenced);
  CHECK(one.credential_status()->closed.empty());
  CHECK(*one.close_routes(3, "1.fcm") == commit_status::done);
  REQUIRE(one.publish_credentials(0, 5, "index", {}));
  CHECK(one.credential_status()->closed == "1.fcm");
}

TEST_CASE_FIXTURE(board, "what senders say of a credential is there until it is well again") {
  CHECK(one.troubles({"a", "b"})->front().empty());
  REQUIRE(one.tell_trouble("a", "refused"));
  CHECK(*one.troubles({"b", "a"}) == names{"", "refused"});
  REQUIRE(one.tell_trouble("a", ""));
  CHECK(one.troubles({"a"})->front().empty());
}

TEST_CASE_FIXTURE(board, "only queues that hold entries are busy, and a foreign journal says nothing") {
  CHECK(one.busy_queues()->empty());
  REQUIRE(raw.command({"SADD", "{pusher}:queues", "1.fcm.production.campaign", "2.hms.production.campaign"}));
  REQUIRE(raw.command({"XADD", "{pusher}:push:2.hms.production.campaign", "*", "b", "x"}));
  CHECK(*one.busy_queues() == names{"2.hms.production.campaign"});
  journal stranger{shared_stores().redis, "run-2", "n1/b1/fan-out/0"};
  CHECK(stranger.busy_queues().failure().code == errc::journal_lost);
  CHECK(stranger.publish_credentials(0, 9, "", {}).failure().code == errc::journal_lost);
}
