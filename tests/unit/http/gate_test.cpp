#include "http/gate.hpp"

#include <doctest/doctest.h>

#include <map>
#include <utility>
#include <vector>

#include "requests.hpp"

using namespace pusher;
using namespace pusher::http;
using pusher::testing::header;

namespace {

/// A request and the answers that it got.
struct asked_once : exchange {
  explicit asked_once(http::request made) : request_(std::move(made)) {}
  const http::request& request() const override { return request_; }
  void answer(response answer) override { answers.push_back(std::move(answer)); }

  http::request request_;
  std::vector<response> answers;
};

/// Keeps what is passed on until it is answered by hand.
struct actors : dispatcher {
  void dispatch(std::shared_ptr<exchange> asked) override { open.push_back(std::move(asked)); }
  void answer_first(int status = 200) {
    auto first = open.front();
    open.erase(open.begin());
    response made;
    made.status = status;
    first->answer(made);
  }
  /// The keys of what is open.
  std::string callers() const {
    std::string all;
    for (const auto& each : open)
      all += each->request().headers.at("authorization").substr(7);
    return all;
  }
  std::vector<std::shared_ptr<exchange>> open;
};

struct fixture {
  std::unique_ptr<gate> front;  // outlives what is open
  limits_settings limits;
  key_ring ring{[] {
    key_ring::bounds made;
    made.requests_per_second = 1'000'000;
    made.wrong_keys_per_second = 5;
    return made;
  }()};
  actors behind;
  std::map<int, int> refused;
  std::vector<std::shared_ptr<asked_once>> asked;

  fixture() {
    for (uint64_t id = 1; id <= 3; ++id)
      know(std::string(1, static_cast<char>('a' + id - 1)), id);
    limits.concurrent_requests = 20;
    limits.concurrent_requests_per_key = 8;
    open({4, 1});
  }
  /// What ends unanswered makes room for what waits: nothing may be passed on to who is gone.
  ~fixture() { front->close(); }
  void open(gate::windows windows) {
    front = std::make_unique<gate>(behind, ring, limits, windows, [this](int status) { ++refused[status]; });
  }
  void know(const std::string& key, uint64_t id, std::optional<uint32_t> limit = std::nullopt) {
    known_key made;
    made.key = {id};
    made.requests_per_second = limit;
    ring.remember(key, made, ring.generation(), key_ring::clock::now());
  }
  asked_once& ask(const std::string& key, const std::string& path = "/v1/devices/x",
                  bool later_part = false) {
    http::request made;
    made.method = "GET";
    made.path = path;
    made.remote_address = "10.0.0.1";
    made.headers["authorization"] = "Bearer " + key;
    if (later_part) made.internal["position"] = "17";
    asked.push_back(std::make_shared<asked_once>(std::move(made)));
    front->dispatch(asked.back());
    return *asked.back();
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "callers take turns, however much one of them asks") {
  for (int i = 0; i < 8; ++i)
    ask("a");
  ask("b");
  ask("c");
  ask("b");
  CHECK(behind.callers() == "aaaa");
  std::string order;
  while (!behind.open.empty()) {
    order += behind.callers().substr(0, 1);
    behind.answer_first();
  }
  CHECK(order == "aaaaabcabaa");
  for (const auto& each : asked)
    CHECK(each->answers.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "long requests have a window of their own") {
  ask("a", "/v1/devices:count");
  ask("a", "/v1/devices:count");
  ask("a");
  CHECK(behind.open.size() == 2);
  ask("b", "/v1/devices:search");
  behind.answer_first();
  CHECK(behind.open.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "a key has only so many requests under way, and leaves room for others") {
  for (int i = 0; i < 8; ++i)
    ask("a");
  auto& ninth = ask("a");
  REQUIRE(ninth.answers.size() == 1);
  CHECK(ninth.answers[0].status == 429);
  CHECK(header(ninth.answers[0], "Retry-After") == "1");
  CHECK(ninth.answers[0].body.find("concurrency_limited") != std::string::npos);
  CHECK(refused[429] == 1);
  CHECK(ask("a", "/v1/devices:export", true).answers.empty());  // a part of what was admitted before
  // 9 of 20 are taken: another may have as many as are then left, less its own.
  int admitted = 0;
  while (ask("b").answers.empty())
    ++admitted;
  CHECK(admitted == 6);
  CHECK(ask("c").answers.empty());
  while (!behind.open.empty())
    behind.answer_first();
  CHECK(ask("a").answers.empty());
}

TEST_CASE_FIXTURE(fixture, "every answer of a limited key says how much is left") {
  know("slow", 9, 2);
  ask("slow");
  ask("slow");
  auto& third = ask("slow");
  REQUIRE(third.answers.size() == 1);
  CHECK(third.answers[0].status == 429);
  CHECK(header(third.answers[0], "Retry-After") == "1");
  CHECK(header(third.answers[0], "RateLimit-Policy") == "\"key\";q=2;w=1");
  CHECK(header(third.answers[0], "X-RateLimit-Remaining") == "0");
  behind.answer_first();
  behind.answer_first(404);
  CHECK(header(asked[0]->answers[0], "X-RateLimit-Remaining") == "1");
  CHECK(header(asked[1]->answers[0], "X-RateLimit-Remaining") == "0");
  CHECK(header(asked[1]->answers[0], "RateLimit").rfind("\"key\";r=0;t=", 0) == 0);
}

TEST_CASE_FIXTURE(fixture, "a key that turns out to be good is charged for its first request") {
  ask("new");
  know("new", 10, 2);
  behind.answer_first();
  CHECK(header(asked[0]->answers[0], "X-RateLimit-Remaining") == "1");
  ask("wrong");
  behind.answer_first(401);
  CHECK(header(asked[1]->answers[0], "X-RateLimit-Limit").empty());
}

TEST_CASE_FIXTURE(fixture, "wrong keys are refused here after a few, and others do not notice") {
  ring.unchanged(key_ring::clock::now() + std::chrono::hours(1));
  int passed = 0;
  for (int i = 0; i < 100; ++i) {
    if (!ask("wrong" + std::to_string(i)).answers.empty()) continue;
    ++passed;
    behind.answer_first(401);
  }
  CHECK(passed >= 5);
  CHECK(passed < 50);
  CHECK(refused[429] == 100 - passed);
  CHECK(header(asked.back()->answers[0], "Retry-After") == "1");
  CHECK(ask("a").answers.empty());
}

TEST_CASE_FIXTURE(fixture, "what is dropped makes room, and what waits at the end is answered") {
  for (int i = 0; i < 6; ++i)
    ask("a");
  auto mailbox = std::exchange(behind.open, {});
  mailbox.clear();  // an actor died with it
  CHECK(behind.open.size() == 2);
  for (int i = 0; i < 4; ++i)
    ask("b");
  front->close();
  CHECK(asked.back()->answers.size() == 1);
  CHECK(asked.back()->answers[0].status == 503);
}
