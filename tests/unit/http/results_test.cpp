// Routes about results: the feed, histories, reports, deliveries, progress.
#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/progress_notes.hpp"
#include "http/routes.hpp"
#include "requests.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

struct fixture {
  fake_operations engine;

  response post(const std::string& path, const std::string& body) {
    return serve(testing::asking("POST", path, body), engine);
  }
  response get(const std::string& path, std::map<std::string, std::string> query = {}) {
    auto made = testing::asking("GET", path);
    made.query = std::move(query);
    return serve(made, engine);
  }
};

feed_event event(event_type type, uint64_t offset) {
  feed_event made;
  made.behind = {7, 1'000, offset};
  made.type = type;
  made.at = 1'000;
  made.device_id = "a";
  made.notification_id = "n";
  made.gateway = gateway::fcm;
  made.attempts = 1;
  return made;
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "the feed has a cursor at its end too, and takes several types") {
  auto moved = event(event_type::token_moved_in, 2);
  moved.notification_id.clear();
  moved.other_device_id = "b";
  engine.feed = {event(event_type::accepted, 1), moved, event(event_type::opened, 3)};
  auto all = get("/v1/events");
  CHECK(all.status == 200);
  CHECK(
      all.body ==
      R"({"items":[{"id":"7-1","sequence":458753,"type":"accepted","at":"1970-01-01T00:00:01.000Z","notification_id":"n",)"
      R"("device_id":"a","gateway":"fcm","attempts":1},)"
      R"({"id":"7-2","sequence":458754,"type":"token_moved_in","at":"1970-01-01T00:00:01.000Z","device_id":"a",)"
      R"("other_device_id":"b","gateway":"fcm"},)"
      R"({"id":"7-3","sequence":458755,"type":"opened","at":"1970-01-01T00:00:01.000Z","notification_id":"n","device_id":"a",)"
      R"("gateway":"fcm"}],"has_more":false,"next_cursor":"c1"})");
  auto some = get("/v1/events", {{"type", "opened,token_moved_in"}, {"limit", "5"}, {"cursor", "c3"}});
  CHECK(some.body.find("accepted") == std::string::npos);
  CHECK(some.body.find("opened") != std::string::npos);
  CHECK(engine.paging.limit == 5);
  CHECK(engine.paging.cursor == "c3");
  for (const char* wrong : {"", "acepted", "opened,", "opened,,accepted", "OPENED"})
    CHECK_MESSAGE(get("/v1/events", {{"type", wrong}}).status == 400, wrong);
  CHECK(get("/v1/events", {{"limit", "1001"}}).status == 400);
  engine.fails = error{errc::cursor_expired, "purged", "", 0};
  CHECK(get("/v1/events").status == 410);
}

TEST_CASE_FIXTURE(fixture, "a history is chosen by type and notification") {
  engine.events = {event(event_type::opened, 1), event(event_type::registered, 2)};
  engine.events[1].notification_id.clear();
  CHECK(get("/v1/devices/a/events").body.find("registered") != std::string::npos);
  CHECK(get("/v1/devices/a/events", {{"type", "opened"}}).body.find("registered") == std::string::npos);
  CHECK(
      get("/v1/devices/a/events", {{"notification_id", "n"}}).body ==
      R"({"items":[{"type":"opened","at":"1970-01-01T00:00:01.000Z","notification_id":"n","gateway":"fcm"}],)"
      R"("has_more":false,"next_cursor":null})");
  CHECK(get("/v1/devices/a/events", {{"type", "notification_settled"}}).status == 400);
  CHECK(get("/v1/events", {{"type", "registered"}}).status == 400);
}

TEST_CASE_FIXTURE(fixture, "a report is 201, a repeated one 200, one about nothing 404") {
  engine.devices["a"];
  const std::string body = R"({"type":"opened","notification_id":"n"})";
  auto first = post("/v1/devices/a/events", body);
  CHECK(first.status == 201);
  CHECK(first.body == R"({"type":"opened","at":"1970-01-01T00:00:03.000Z","notification_id":"n"})");
  CHECK(post("/v1/devices/a/events", body).status == 200);
  auto gone = post("/v1/devices/a/events", R"({"type":"opened","notification_id":"gone"})");
  CHECK(gone.status == 404);
  CHECK(gone.body.find("/notification_id") != std::string::npos);
  CHECK(post("/v1/devices/b/events", body).status == 404);
}

TEST_CASE_FIXTURE(fixture, "many reports are recorded at once, and the refused ones are named") {
  engine.devices["a"];
  auto done =
      post("/v1/events:report", R"({"events":[{"device_id":"a","type":"opened","notification_id":"n"},)"
                                R"({"device_id":"b","type":"received","notification_id":"n"},)"
                                R"({"device_id":"a","type":"received","notification_id":"gone"},)"
                                R"({"device_id":"a","type":"opened","notification_id":"n"}]})");
  CHECK(done.status == 200);
  CHECK(done.body ==
        R"({"recorded":1,"repeated":1,"refused":[{"pointer":"/events/1/device_id","code":"not_found",)"
        R"("detail":"There is no device with this id"},{"pointer":"/events/2/notification_id",)"
        R"("code":"not_found","detail":"There is no notification with this id"}]})");
  CHECK(engine.batches == 1);
  for (const char* bad : {R"({})", R"({"events":[]})", R"({"events":{}})", R"({"events":[1]})",
                          R"({"events":[{"type":"opened"}]})", R"({"events":[{"device_id":"a"}]})",
                          R"({"events":[{"device_id":"a","type":"disabled"}]})",
                          R"({"events":[{"device_id":"a","type":"opened","odd":1}]})"})
    CHECK_MESSAGE(post("/v1/events:report", bad).status == 400, bad);
  auto fault = post("/v1/events:report",
                    R"({"events":[{"device_id":"a","type":"opened"},{"device_id":"a","type":"x"}]})");
  CHECK(fault.body.find(R"("pointer":"/events/1/type")") != std::string::npos);
  std::string many;
  for (int i = 0; i < 1001; ++i)
    many += std::string(i == 0 ? "" : ",") + R"({"device_id":"a","type":"opened"})";
  CHECK(post("/v1/events:report", R"({"events":[)" + many + "]}").status == 400);
}

TEST_CASE_FIXTURE(fixture, "lists take filters, and say which values these have") {
  get("/v1/notifications", {{"state", "sending"},
                            {"external_id", "x"},
                            {"created_from", "2026-11-23T10:00:00Z"},
                            {"created_to", "2026-11-24T10:00:00+09:00"}});
  CHECK(engine.notifications_wanted.state == notification_state::sending);
  CHECK(engine.notifications_wanted.external_id == "x");
  CHECK(to_rfc3339(engine.notifications_wanted.created_from) == "2026-11-23T10:00:00.000Z");
  CHECK(to_rfc3339(engine.notifications_wanted.created_to) == "2026-11-24T01:00:00.000Z");
  CHECK(get("/v1/notifications", {{"created_from", "yesterday"}}).status == 400);
  get("/v1/notifications/n/deliveries",
      {{"outcome", "failed"}, {"gateway", "apns"}, {"code", "BadTopic"}, {"device_id", "d"}});
  CHECK(engine.deliveries_wanted.outcome == outcome::failed);
  CHECK(engine.deliveries_wanted.gateway == gateway::apns);
  CHECK(engine.deliveries_wanted.code == "BadTopic");
  CHECK(engine.deliveries_wanted.device_id == "d");
  auto odd = get("/v1/notifications/n/deliveries", {{"gateway", "pigeon"}});
  CHECK(odd.status == 400);
  CHECK(odd.body.find("fcm, apns, webpush, hms") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture,
                  "an explanation shows what is known and the part of the condition that is not met") {
  engine.explained.known.target.id = "n";
  engine.explained.known.device.value.device_id = "d";
  engine.explained.verdict = {delivery_verdict::kind::not_targeted, "condition_not_met", "No.",
                              unmet_part{"/all/1", R"({"property":"plan","eq":"pro"})", false}};
  CHECK(get("/v1/notifications/n/deliveries/d").body ==
        R"({"notification_id":"n","device_id":"d","status":"not_targeted","reason":"condition_not_met",)"
        R"("explanation":"No.","unmet":{"pointer":"/all/1","condition":{"property":"plan","eq":"pro"},)"
        R"("negated":false}})");
  engine.explained.verdict = {delivery_verdict::kind::pending, "waits_for_retry", "Wait.", {}};
  engine.explained.known.waits = delivery_trace::retry{2, 5'000};
  engine.explained.known.opened_at = 1'000;
  CHECK(get("/v1/notifications/n/deliveries/d").body ==
        R"({"notification_id":"n","device_id":"d","status":"pending","reason":"waits_for_retry",)"
        R"("explanation":"Wait.","retry":{"attempts":2,"due_at":"1970-01-01T00:00:05.000Z"},)"
        R"("opened_at":"1970-01-01T00:00:01.000Z"})");
}

TEST_CASE_FIXTURE(fixture, "a look at the progress has an id of its own for each state of things") {
  auto& target = engine.notifications["n"];
  target.id = "n";
  target.state = notification_state::sending;
  target.audience = 2;
  auto first = read_news(get("/v1/notifications/n/progress"));
  CHECK(!first.settled);
  CHECK(read_news(get("/v1/notifications/n/progress")).id == first.id);
  target.counts[outcome::accepted] = 1;
  CHECK(read_news(get("/v1/notifications/n/progress")).id != first.id);
  target.state = notification_state::canceled;
  CHECK(!read_news(get("/v1/notifications/n/progress")).settled);
  target.completed_at = 5;
  CHECK(read_news(get("/v1/notifications/n/progress")).settled);
  CHECK(first.text.find('\n') == std::string::npos);
}
