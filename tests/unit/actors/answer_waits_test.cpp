#include "actors/answer_waits.hpp"

#include <doctest/doctest.h>

#include "tests/unit/http/fake_operations.hpp"

using namespace pusher;

namespace {

struct caller : http::exchange {
  http::request asked;
  std::vector<std::string>* answers;
  explicit caller(std::vector<std::string>& to) : answers(&to) {}
  const http::request& request() const override { return asked; }
  void answer(http::response made) override { answers->push_back(std::move(made.body)); }
};

struct fixture {
  fake_operations engine;
  int noted = 0;
  answer_waits waits{engine, [this](const http::exchange&, const http::response&,
                                    answer_waits::clock::time_point) { ++noted; }};
  std::vector<std::string> answers;

  void wait(std::vector<notification_key> keys, std::chrono::milliseconds longest = std::chrono::hours(1)) {
    http::response made;
    made.body = "unfinished";
    made.unfinished = std::make_shared<http::unfinished_answer>();
    made.unfinished->waits_for = std::move(keys);
    made.unfinished->longest = longest;
    made.unfinished->finish = [](http::operations&) {
      http::response finished;
      finished.body = "finished";
      return finished;
    };
    waits.add(std::make_shared<caller>(answers), std::move(made), answer_waits::clock::now());
  }
};

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(fixture, "an answer is given when all that it waits for has settled") {
  engine.unsettled = {notification_key{2}};
  wait({notification_key{1}, notification_key{2}});
  wait({notification_key{1}});
  CHECK(answers.empty());
  waits.look();
  CHECK(answers == texts{"finished"});
  CHECK(waits.size() == 1);
  engine.unsettled.clear();
  waits.look();
  CHECK(answers == texts{"finished", "finished"});
  CHECK(waits.size() == 0);
  CHECK(noted == 2);
}

TEST_CASE_FIXTURE(fixture, "an answer that has waited long enough is given with what is known") {
  engine.unsettled = {notification_key{1}};
  wait({notification_key{1}}, std::chrono::milliseconds(0));
  waits.look();
  CHECK(answers == texts{"finished"});
}

TEST_CASE_FIXTURE(fixture, "while the store is away, time decides") {
  engine.fails = error{errc::store_unavailable, "", "", 0};
  wait({notification_key{1}});
  wait({notification_key{1}}, std::chrono::milliseconds(0));
  waits.look();
  CHECK(answers == texts{"finished"});
  CHECK(waits.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "at the end all are given") {
  engine.unsettled = {notification_key{1}};
  wait({notification_key{1}});
  wait({notification_key{1}});
  waits.finish_all();
  CHECK(answers == texts{"finished", "finished"});
}

TEST_CASE_FIXTURE(fixture, "there is room for so many; who comes later is answered without waiting") {
  engine.unsettled = {notification_key{1}};
  for (size_t i = 0; i <= answer_waits::most; ++i)
    wait({notification_key{1}});
  CHECK(waits.size() == answer_waits::most);
  CHECK(answers == texts{"unfinished"});
}
