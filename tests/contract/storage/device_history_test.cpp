#include "storage/device_history.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"
#include "storage/connection.hpp"
#include "storage/device_store.hpp"
#include "storage/property_index_store.hpp"
#include "storage/transaction.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  device_store devices{db};
  device_history history{db};

  void put(const std::string& id, const std::string& token, const std::string& user = "") {
    auto value = sample_device(id, token);
    if (!user.empty()) value.user_id = user;
    REQUIRE(devices.put(app, value).ok());
  }
  std::string told(const std::string& id) {
    auto events = history.list(app, id, std::nullopt, 0, 100);
    REQUIRE(events.ok());
    std::string text;
    for (const auto& each : *events)
      text += (text.empty() ? "" : " ") + std::string(to_string(each.type)) +
              (each.other_device_id.empty() ? "" : ":" + each.other_device_id);
    return text;
  }
  void set(const std::string& what) {
    REQUIRE((*db.open())
                ->run("changing",
                      "UPDATE devices SET " + what + " WHERE application_id = " + std::to_string(app.value))
                .ok());
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a token's moves stand in the history of both devices, newest first") {
  put("a", "t1");
  put("a", "t1");  // registering again is no event
  CHECK(told("a") == "registered");
  put("a", "t2");
  put("b", "t2");
  put("a", "t3");
  CHECK(told("a") == "token_replaced enabled token_moved_out:b token_replaced registered");
  CHECK(told("b") == "token_moved_in:a registered");
  CHECK(history.list(app, "c", std::nullopt, 0, 10).failure().code == errc::not_found);
  CHECK(history.list(new_application(db), "a", std::nullopt, 0, 10).failure().code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "a token that moves within one import is told of as well") {
  REQUIRE(devices.import(app, {sample_device("a", "t"), sample_device("b", "t")}).ok());
  CHECK(told("a") == "token_moved_out:b registered");
  CHECK(told("b") == "token_moved_in:a registered");
  CHECK(devices.get(app, "a")->disabled == disabled_reason::token_moved);
}

TEST_CASE_FIXTURE(fixture, "a history is read in pages and by type") {
  put("a", "t0");
  for (int i = 1; i <= 5; ++i)
    put("a", "t" + std::to_string(i));
  auto first = history.list(app, "a", std::nullopt, 0, 3);
  REQUIRE(first->size() == 3);
  auto rest = history.list(app, "a", std::nullopt, first->back().id, 10);
  CHECK(rest->size() == 3);
  CHECK(rest->back().type == device_event_type::registered);
  CHECK(history.list(app, "a", device_event_type::registered, 0, 10)->size() == 1);
  CHECK(history.list(app, "a", device_event_type::opened, 0, 10)->empty());
}

TEST_CASE_FIXTURE(fixture, "what a client reports is kept and shows that the device was seen") {
  put("a", "t");
  set("last_seen_at = last_seen_at - 7200000");
  auto before = devices.get(app, "a")->last_seen_at;
  auto made = history.report(app, "a", device_event_type::opened, std::nullopt);
  REQUIRE(made.ok());
  CHECK(made->id > 0);
  CHECK(made->at > before);
  CHECK(told("a") == "opened registered");
  CHECK(devices.get(app, "a")->last_seen_at > before);
  auto unknown = history.report(app, "a", device_event_type::opened, "01999999-9999-7999-8999-999999999999");
  CHECK(unknown.failure().code == errc::not_found);
  CHECK(unknown.failure().pointer == "/notification_id");
  CHECK(told("a") == "opened registered");
}

TEST_CASE_FIXTURE(fixture, "last_seen_at is written at most once an hour, token_registered_at always") {
  put("a", "t");
  set("last_seen_at = last_seen_at - 3000000, token_registered_at = token_registered_at - 3000000, "
      "updated_at = "
      "updated_at - 3000000");
  auto before = *devices.get(app, "a");
  put("a", "t");
  auto after = *devices.get(app, "a");
  CHECK(after.last_seen_at == before.last_seen_at);
  CHECK(after.token_registered_at > before.token_registered_at);
  CHECK(after.updated_at == before.updated_at);  // nothing that the client says was changed
  set("last_seen_at = last_seen_at - 1000000");
  put("a", "t");
  CHECK(devices.get(app, "a")->last_seen_at > before.last_seen_at);
  put("a", "t2");
  CHECK(devices.get(app, "a")->updated_at > before.updated_at);
}

TEST_CASE_FIXTURE(fixture,
                  "erasing a user takes all devices, their history and their index, and nobody else's") {
  property_index_store indexes(db);
  REQUIRE(indexes.declare(app, {"plan"}).ok());
  auto index = indexes.list(app)->front().id;
  for (const char* id : {"a1", "a2"}) {
    auto value = sample_device(id, std::string("t-") + id);
    value.user_id = "alice";
    value.properties = R"({"plan":"pro"})";
    REQUIRE(devices.put(app, value).ok());
  }
  put("a1", "t-a1b", "alice");  // an event; its properties are gone
  put("b1", "t-b1", "bob");
  CHECK(devices.of_user(app, "alice", {}, 10)->size() == 2);
  auto first = devices.of_user(app, "alice", {}, 1);
  CHECK(devices.of_user(app, "alice", first->back().key, 10)->front().value.device_id == "a2");
  auto erased = devices.erase_user(app, "alice");
  REQUIRE(erased.ok());
  CHECK(erased->devices == 2);
  CHECK(erased->events == 1);
  CHECK(devices.of_user(app, "alice", {}, 10)->empty());
  CHECK(devices.get(app, "b1").ok());
  size_t rows = 0;
  REQUIRE((*db.open())
              ->query("counting", "SELECT COUNT(*) FROM property_index WHERE index_id = ?", {index},
                      [&](const sql_row& row) { rows = row.number(0); })
              .ok());
  CHECK(rows == 1);  // the other user's
  CHECK(devices.erase_user(app, "alice")->devices == 0);
}
