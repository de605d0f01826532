#include "actors/creation_batch.hpp"

#include <doctest/doctest.h>

#include "tests/unit/http/fake_operations.hpp"

using namespace pusher;

namespace {

struct client : http::exchange {
  http::request asked;
  std::vector<int>* statuses;
  client(const std::string& key, std::string body, std::vector<int>& to) : statuses(&to) {
    asked.method = "POST";
    asked.path = "/v1/notifications";
    asked.headers["authorization"] = "Bearer " + key;
    asked.headers["content-type"] = "application/json";
    asked.body = std::move(body);
  }
  const http::request& request() const override { return asked; }
  void answer(http::response made) override { statuses->push_back(made.status); }
};

std::string body_with(const std::string& more) {
  return R"({"content":{"title":"t"},"audience":{"device_ids":["d"]},"launch":true)" + more + "}";
}

struct fixture {
  fake_operations engine;
  int noted = 0;
  creation_batch batch{engine, [this](const http::exchange&, const http::response&,
                                      creation_batch::clock::time_point) { ++noted; }};
  std::vector<int> statuses;

  void create(const std::string& more = "", const std::string& key = "all") {
    batch.add(std::make_shared<client>(key, body_with(more), statuses));
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "creations that wait together are stored together and answered each by itself") {
  create();
  create(R"(,"external_id":"taken")");
  create();
  CHECK(statuses.empty());
  CHECK(batch.size() == 3);
  batch.store();
  CHECK(statuses == std::vector{201, 409, 201});
  CHECK(engine.batches == 1);
  CHECK(batch.size() == 0);
  CHECK(noted == 3);
}

TEST_CASE_FIXTURE(fixture,
                  "what cannot be a notification is refused at once, and a failing store is told to all") {
  create(R"(,"launhc":true)");
  create("", "nobody's");
  CHECK(statuses == std::vector{400, 401});
  create();
  create();
  engine.fails = error{errc::store_unavailable, "away", "", 1};
  batch.store();
  CHECK(statuses == std::vector{400, 401, 503, 503});
}

TEST_CASE_FIXTURE(fixture, "no more than so many wait, nor so many bytes") {
  for (size_t i = 0; i < creation_batch::most + 1; ++i)
    create();
  CHECK(statuses.size() == creation_batch::most);
  CHECK(batch.size() == 1);
  batch.store();
  statuses.clear();
  std::string large = R"(,"apns":{"x":")" + std::string(creation_batch::most_bytes / 2, 'x') + R"("})";
  create(large);
  create();
  CHECK(statuses.empty());
  create(large);
  CHECK(statuses.size() == 2);
  CHECK(batch.size() == 1);
}
