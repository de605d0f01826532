#include "actors/report_batch.hpp"

#include <doctest/doctest.h>

#include "tests/unit/http/fake_operations.hpp"

using namespace pusher;

namespace {

struct client : http::exchange {
  http::request asked;
  std::vector<int>* statuses;
  client(const std::string& id, std::string body, std::vector<int>& to) : statuses(&to) {
    asked.method = "POST";
    asked.path = "/v1/devices/" + id + "/events";
    asked.headers["authorization"] = "Bearer all";
    asked.body = std::move(body);
  }
  const http::request& request() const override { return asked; }
  void answer(http::response made) override { statuses->push_back(made.status); }
};

struct fixture {
  fake_operations engine;
  int noted = 0;
  report_batch batch{engine, [this](const http::exchange&, const http::response&,
                                    report_batch::clock::time_point) { ++noted; }};
  std::vector<int> statuses;

  void report(const std::string& id, const std::string& body = R"({"type":"opened","notification_id":"n"})") {
    batch.add(std::make_shared<client>(id, body, statuses));
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "reports that wait together are stored together and answered each by itself") {
  engine.devices["a"];
  engine.devices["b"];
  report("a");
  report("b");
  report("a");
  report("c");
  CHECK(statuses.empty());
  CHECK(batch.size() == 4);
  batch.store();
  CHECK(statuses == std::vector{201, 201, 200, 404});
  CHECK(engine.batches == 1);
  CHECK(batch.size() == 0);
  CHECK(noted == 4);
}

TEST_CASE_FIXTURE(fixture, "what cannot be a report is refused at once, and a failing store is told to all") {
  engine.devices["a"];
  report("a", R"({"type":"disabled"})");
  CHECK(statuses == std::vector{400});
  report("a");
  report("a", R"({"type":"received"})");
  engine.fails = error{errc::store_unavailable, "away", "", 1};
  batch.store();
  CHECK(statuses == std::vector{400, 503, 503});
}

TEST_CASE_FIXTURE(fixture, "no more than so many wait") {
  engine.devices["a"];
  for (size_t i = 0; i < report_batch::most + 1; ++i)
    report("a");
  CHECK(statuses.size() == report_batch::most);
  CHECK(batch.size() == 1);
}
