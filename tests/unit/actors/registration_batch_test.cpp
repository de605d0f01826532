#include "actors/registration_batch.hpp"

#include <doctest/doctest.h>

#include "tests/unit/http/fake_operations.hpp"

using namespace pusher;

namespace {

struct client : http::exchange {
  http::request asked;
  std::vector<http::response>* answers;
  client(std::string method, const std::string& id, std::string body, std::vector<http::response>& to)
      : answers(&to) {
    asked.method = std::move(method);
    asked.path = "/v1/devices/" + id;
    asked.headers["authorization"] = "Bearer all";
    asked.body = std::move(body);
  }
  const http::request& request() const override { return asked; }
  void answer(http::response made) override { answers->push_back(std::move(made)); }
};

struct fixture {
  fake_operations engine;
  int noted = 0;
  registration_batch batch{engine, [this](const http::exchange&, const http::response&,
                                          registration_batch::clock::time_point) { ++noted; }};
  std::vector<http::response> answers;

  void ask(const std::string& method, const std::string& id, const std::string& token = "t") {
    std::string body =
        method == "PUT" ? R"({"gateway":"fcm","platform":"android","push_token":")" + token + "\"}" : "";
    batch.add(std::make_shared<client>(method, id, body, answers));
  }
  std::string statuses() {
    std::string text;
    for (const auto& each : answers)
      text += (text.empty() ? "" : " ") + std::to_string(each.status);
    return text;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "what waits together is stored together and answered each by itself") {
  ask("PUT", "a");
  ask("PUT", "b");
  ask("PUT", "a", "t2");
  CHECK(answers.empty());
  batch.store();
  CHECK(engine.batches == 1);
  CHECK(statuses() == "201 201 200");
  CHECK(engine.devices["a"].value.push_token == "t2");
  CHECK(answers[0].headers.front().second == "/v1/devices/a");
  ask("DELETE", "a");
  ask("DELETE", "a");
  ask("DELETE", "c");
  batch.store();
  CHECK(engine.batches == 2);
  CHECK(statuses() == "201 201 200 204 404 404");
  CHECK(noted == 6);
  batch.store();
  CHECK(engine.batches == 2);
}

TEST_CASE_FIXTURE(fixture, "what refuses a request is answered at once, and nothing of it waits") {
  ask("PUT", "a", "");
  CHECK(statuses() == "400");
  batch.add([&] {
    auto stranger = std::make_shared<client>("DELETE", "a", "", answers);
    stranger->asked.headers["authorization"] = "Bearer nobody";
    return stranger;
  }());
  CHECK(statuses() == "400 401");
  CHECK(batch.size() == 0);
}

TEST_CASE_FIXTURE(fixture, "a device's registration and deletion keep their order") {
  ask("PUT", "a");
  ask("PUT", "b");
  ask("DELETE", "a");
  CHECK(statuses() == "201 201");
  ask("PUT", "a");
  CHECK(statuses() == "201 201 204");
  batch.store();
  CHECK(statuses() == "201 201 204 201");
  CHECK(engine.devices.count("a") == 1);
}

TEST_CASE_FIXTURE(fixture, "a row that cannot be stored fails alone") {
  engine.poison = "b";
  for (const char* id : {"a", "b", "c"})
    ask("PUT", id);
  batch.store();
  CHECK(statuses() == "201 500 201");
}

TEST_CASE_FIXTURE(fixture, "a store that is away is asked once") {
  engine.fails = error{errc::store_unavailable, "MariaDB does not answer", "", 1};
  for (const char* id : {"a", "b", "c"})
    ask("PUT", id);
  batch.store();
  CHECK(statuses() == "503 503 503");
  CHECK(engine.batches == 1);
}

TEST_CASE_FIXTURE(fixture, "a batch is bounded") {
  for (size_t i = 0; i <= registration_batch::most; ++i)
    ask("PUT", "d" + std::to_string(i));
  CHECK(answers.size() == registration_batch::most);
  CHECK(batch.size() == 1);
}
