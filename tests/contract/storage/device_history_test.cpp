#include "storage/device_history.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"
#include "storage/connection.hpp"
#include "storage/delivery_store.hpp"
#include "storage/device_store.hpp"
#include "storage/property_index_store.hpp"
#include "storage/report_store.hpp"
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
  static std::string as_text(const std::vector<feed_event>& entries) {
    std::string text;
    for (const auto& each : entries)
      text += (text.empty() ? "" : " ") + std::string(to_string(each.type)) +
              (each.other_device_id.empty() ? "" : ":" + each.other_device_id);
    return text;
  }
  device_history::page page(const std::string& id, device_history::position from = {}, size_t limit = 100,
                            event_types wanted = event_types::all(),
                            const std::optional<std::string>& of = std::nullopt) {
    auto read = history.list(app, id, wanted, of, from, limit);
    REQUIRE_MESSAGE(read.ok(), read.failure().detail);
    return std::move(*read);
  }
  std::string told(const std::string& id) { return as_text(page(id).entries); }
  static event_types only(event_type type) {
    event_types made;
    made.add(type);
    return made;
  }
  errc refused(application_id by, const std::string& id) {
    return history.list(by, id, event_types::all(), std::nullopt, {}, 10).failure().code;
  }
  /// A delivery, and what it became when.
  void settle(const notification& of, device_key device, outcome what, utc_ms at) {
    result_batch batch;
    batch.notification = of.key;
    batch.gateway = gateway::fcm;
    batch.results.emplace_back();
    batch.results[0].device = device;
    batch.results[0].outcome = what;
    batch.results[0].attempts = 1;
    batch.results[0].settled_at = at;
    REQUIRE(delivery_store(db).record({batch}).ok());
  }
  recorded_report report(const client_report& what) {
    auto made = report_store(db).record(app, {what});
    REQUIRE_MESSAGE(made.ok(), made.failure().detail);
    return made->front();
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
  CHECK(refused(app, "c") == errc::not_found);
  CHECK(refused(new_application(db), "a") == errc::not_found);
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
  auto first = page("a", {}, 3);
  REQUIRE(first.entries.size() == 3);
  CHECK(!first.at_end);
  auto rest = page("a", first.next);
  CHECK(as_text(rest.entries) == "token_replaced token_replaced registered");
  CHECK(rest.at_end);
  CHECK(page("a", {}, 10, only(event_type::registered)).entries.size() == 1);
  CHECK(page("a", {}, 10, only(event_type::opened)).entries.empty());
}

TEST_CASE_FIXTURE(fixture, "what a client reports is kept and shows that the device was seen") {
  put("a", "t");
  set("last_seen_at = last_seen_at - 7200000");
  auto before = devices.get(app, "a")->last_seen_at;
  auto made = report({"a", device_event_type::opened, std::nullopt});
  CHECK(made.status == report_status::recorded);
  CHECK(made.at > before);
  CHECK(told("a") == "opened registered");
  CHECK(devices.get(app, "a")->last_seen_at > before);
  CHECK(report({"a", device_event_type::opened, "01999999-9999-7999-8999-999999999999"}).status ==
        report_status::no_such_notification);
  CHECK(report({"b", device_event_type::opened, std::nullopt}).status == report_status::no_such_device);
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

TEST_CASE_FIXTURE(fixture, "a history tells of pushes, each with what the client reported, among the rest") {
  put("a", "t1");
  auto device = devices.get(app, "a")->key;
  auto first = launched(db, app), second = launched(db, app), third = launched(db, app);
  auto at = first.launched_at;
  settle(first, device, outcome::accepted, at - 1);  // before the reports, however quick they are
  settle(second, device, outcome::failed, at + 20);
  REQUIRE(report({"a", device_event_type::received, first.id}).status == report_status::recorded);
  REQUIRE(report({"a", device_event_type::opened, first.id}).status == report_status::recorded);
  change(db, "UPDATE notifications SET launched_at = launched_at - 5000 WHERE application_id = ?", {app});
  put("a", "t2");
  settle(third, device, outcome::accepted, at + 30);
  const std::string whole = "token_replaced accepted failed opened received accepted registered";
  CHECK(told("a") == whole);
  auto all = page("a").entries;
  CHECK(all[1].notification_id == third.id);
  CHECK(all[1].gateway == gateway::fcm);
  CHECK(all[3].notification_id == first.id);
  // In pages of any length it is the same.
  for (size_t limit = 1; limit < 8; ++limit) {
    std::vector<feed_event> parts;
    device_history::position next;
    for (bool end = false; !end;) {
      auto part = page("a", next, limit);
      CHECK(part.entries.size() <= limit);
      parts.insert(parts.end(), part.entries.begin(), part.entries.end());
      next = part.next;
      end = part.at_end;
    }
    CHECK(as_text(parts) == whole);
  }
  CHECK(as_text(page("a", {}, 10, only(event_type::failed)).entries) == "failed");
  CHECK(as_text(page("a", {}, 10, event_types::all(), first.id).entries) ==
        "opened received accepted registered");
  CHECK(history.list(app, "a", event_types::all(), "nope", {}, 10).failure().pointer == "/notification_id");
  CHECK(history.list(app, "a", event_types::all(), launched(db, new_application(db)).id, {}, 10)
            .failure()
            .code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "a history goes back over more notifications than one look takes") {
  put("a", "t1");
  auto device = devices.get(app, "a")->key;
  auto oldest = launched(db, app);
  settle(oldest, device, outcome::accepted, oldest.launched_at);
  change(db,
         "INSERT INTO notifications (public_id, application_id, state, lane, ttl_seconds, draft, audience, "
         "audience_last_device, created_at, launched_at) SELECT UUID(), application_id, state, lane, "
         "ttl_seconds, draft, "
         "audience, audience_last_device, created_at, launched_at FROM notifications JOIN seq_1_to_6000 "
         "WHERE id = ?",
         {oldest.key});
  auto first = page("a");
  CHECK(first.entries.empty());
  CHECK(!first.at_end);
  auto rest = page("a", first.next);
  CHECK(as_text(rest.entries) == "accepted registered");
  CHECK(rest.at_end);
}
