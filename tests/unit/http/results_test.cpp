// Routes about results: the feed.
#include <doctest/doctest.h>

#include "fake_operations.hpp"
#include "http/routes.hpp"

using namespace pusher;
using namespace pusher::http;

namespace {

struct fixture {
  fake_operations engine;

  response get(const std::string& path, std::map<std::string, std::string> query = {}) {
    request made;
    made.method = "GET";
    made.path = path;
    made.query = std::move(query);
    made.headers["authorization"] = "Bearer all";
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
  CHECK(all.body ==
        R"({"items":[{"id":"7-1","type":"accepted","at":"1970-01-01T00:00:01.000Z","notification_id":"n",)"
        R"("device_id":"a","gateway":"fcm","attempts":1},)"
        R"({"id":"7-2","type":"token_moved_in","at":"1970-01-01T00:00:01.000Z","device_id":"a",)"
        R"("other_device_id":"b","gateway":"fcm"},)"
        R"({"id":"7-3","type":"opened","at":"1970-01-01T00:00:01.000Z","notification_id":"n","device_id":"a",)"
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
