#include "storage/segment_store.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"
#include "storage/device_store.hpp"
#include "storage/notification_store.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  segment_store segments{db};

  result<segment_store::put_result> put(const std::string& name, const std::string& json) {
    auto parsed = condition::parse(json);
    REQUIRE(parsed.ok());
    return segments.put(app, name, *parsed);
  }
  error refused(const std::string& name, const std::string& json) {
    auto made = put(name, json);
    REQUIRE_FALSE(made.ok());
    return made.failure();
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a segment is saved, replaced, listed and deleted, each application by itself") {
  CHECK(put("vip", R"({"property":"plan","eq":"pro"})")->created);
  CHECK_FALSE(put("vip", R"({"property":"plan","eq":"max"})")->created);
  CHECK(put("a", "{}")->created);
  CHECK(segments.get(app, "vip")->condition == R"({"property":"plan","eq":"max"})");
  auto first = segments.list(app, "", 1);
  REQUIRE(first->size() == 1);
  CHECK(first->front().name == "a");
  CHECK(segments.list(app, "a", 10)->front().name == "vip");
  auto other = new_application(db);
  CHECK(segments.get(other, "vip").failure().code == errc::not_found);
  CHECK(segments.erase(other, "vip").failure().code == errc::not_found);
  CHECK(segments.erase(app, "vip").ok());
  CHECK(segments.erase(app, "vip").failure().code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture,
                  "circles are refused, also those that a change would close, and nothing is changed") {
  CHECK(refused("self", R"({"not":{"segment":"self"}})").code == errc::invalid_condition);
  CHECK(segments.get(app, "self").failure().code == errc::not_found);
  REQUIRE(put("c", "{}").ok());
  REQUIRE(put("b", R"({"segment":"c"})").ok());
  REQUIRE(put("a", R"({"segment":"b"})").ok());
  auto why = refused("c", R"({"any":[{"segment":"a"}]})");
  CHECK(why.code == errc::invalid_condition);
  CHECK(why.detail.find("circle") != std::string::npos);
  CHECK(segments.get(app, "c")->condition == "{}");
  CHECK(refused("d", R"({"segment":"nobody"})").pointer == "/condition/segment");
}

TEST_CASE_FIXTURE(fixture, "a segment that is used cannot go, nor grow beyond what its users can bear") {
  REQUIRE(put("inner", "{}").ok());
  REQUIRE(put("outer", R"({"not":{"segment":"inner"}})").ok());
  auto used = segments.erase(app, "inner");
  CHECK(used.failure().code == errc::conflict);
  CHECK(used.failure().detail.find("\"outer\"") != std::string::npos);
  std::string deep = R"({"property":"x","eq":1})";
  for (int i = 0; i < 15; ++i)
    deep = R"({"not":)" + deep + "}";
  CHECK(refused("inner", deep).code == errc::conflict);
  REQUIRE(put("outer", "{}").ok());
  CHECK(put("inner", deep).ok());
  CHECK(segments.erase(app, "inner").ok());
}

TEST_CASE_FIXTURE(fixture, "a notification keeps its segment as it was at launch") {
  device_store devices(db);
  notification_store notifications(db);
  REQUIRE(put("vip", R"({"property":"plan","eq":"pro"})").ok());
  notification_draft draft;
  draft.content.title = "t";
  draft.audience = audience_segment{"vip"};
  auto render = [](const notification&) { return std::string(); };
  auto waiting = notifications.create(app, draft, std::nullopt, render);
  REQUIRE(waiting.ok());
  CHECK(waiting->value.condition_at_launch.empty());
  draft.launch = true;
  auto launched = notifications.create(app, draft, std::nullopt, render);
  REQUIRE(launched.ok());
  REQUIRE(put("vip", R"({"property":"plan","eq":"max"})").ok());
  auto read = notifications.get(app, launched->value.id);
  CHECK(read->condition_at_launch == R"({"property":"plan","eq":"pro"})");
  CHECK(std::get<audience_segment>(read->draft.audience).name == "vip");
  auto tasks = notifications.tasks({launched->value.key}, SIZE_MAX);
  REQUIRE(tasks.ok());
  auto& task = tasks->at(0).second;
  CHECK(std::get<audience_condition>(task->audience).json == R"({"property":"plan","eq":"pro"})");
  CHECK(task->launched_at == read->launched_at);
  // The draft is launched later, and so with what the segment is by then.
  auto late = notifications.launch(app, waiting->value.id, std::nullopt, render);
  REQUIRE(late.ok());
  CHECK(late->value.condition_at_launch == R"({"property":"plan","eq":"max"})");

  draft.audience = audience_condition{R"({"not":{"segment":"gone"}})"};
  auto unknown = notifications.create(app, draft, std::nullopt, render);
  CHECK(unknown.failure().pointer == "/audience/condition/not/segment");
  draft.launch = false;
  CHECK(notifications.create(app, draft, std::nullopt, render).failure().code == errc::invalid_condition);
}
