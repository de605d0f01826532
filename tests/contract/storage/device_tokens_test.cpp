#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "model/token_device.hpp"
#include "sample.hpp"
#include "storage/device_store.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  device_store devices{db};

  static device stranger(const std::string& token) {
    return token_device(gateway::fcm, environment::production, token, "test");
  }
  std::string holder(const std::string& token) {
    auto found = devices.holder_of(app, stranger(token));
    return found ? found->value.device_id : "";
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a token that nobody holds is registered, one that somebody holds stays there") {
  REQUIRE(devices.put(app, sample_device("phone", "known")).ok());
  auto held = devices.hold_tokens(app, {stranger("new"), stranger("known"), stranger("new")});
  REQUIRE_MESSAGE(held.ok(), held.failure().detail);
  REQUIRE(held->size() == 3);
  CHECK((*held)[0].device_id == stranger("new").device_id);
  CHECK((*held)[1].device_id == "phone");
  CHECK((*held)[2].device_id == (*held)[0].device_id);
  CHECK(devices.get(app, "phone")->disabled == disabled_reason::none);
  CHECK(holder("new") == stranger("new").device_id);
  CHECK(holder("nobody's").empty());
  // Another application's tokens are nobody's here.
  auto other = new_application(db);
  CHECK_FALSE(devices.holder_of(other, stranger("known")).ok());
}

TEST_CASE_FIXTURE(fixture, "the device that registers a token itself takes it over") {
  REQUIRE(devices.hold_tokens(app, {stranger("t")}).ok());
  REQUIRE(devices.put(app, sample_device("phone", "t")).ok());
  CHECK(holder("t") == "phone");
  auto held = devices.hold_tokens(app, {stranger("t")});
  REQUIRE(held.ok());
  CHECK(held->front().device_id == "phone");
  CHECK(devices.get(app, stranger("t").device_id)->disabled == disabled_reason::token_moved);
}

TEST_CASE_FIXTURE(fixture, "a dead token stays dead") {
  REQUIRE(devices.hold_tokens(app, {stranger("t")}).ok());
  change(db, "UPDATE devices SET disabled = 1 WHERE application_id = ?", {app});
  auto held = devices.hold_tokens(app, {stranger("t")});
  REQUIRE(held.ok());
  CHECK(held->front().disabled == disabled_reason::unregistered);
}

TEST_CASE_FIXTURE(fixture, "a token is never taken from a device that registers it at the same moment") {
  std::atomic<int> failures{0};
  auto run = [&](const std::function<bool(device_store&, const std::string&)>& what) {
    return std::thread([&, what] {
      database own(shared_stores().mysql);
      device_store store(own);
      for (int i = 0; i < 60; ++i)
        if (!what(store, std::to_string(i))) ++failures;
    });
  };
  auto hold = [&](device_store& store, const std::string& n) {
    return store.hold_tokens(app, {stranger("t" + n)}).ok();
  };
  auto put = [&](device_store& store, const std::string& n) {
    return store.put(app, sample_device("phone-" + n, "t" + n)).ok();
  };
  std::vector<std::thread> threads;
  threads.push_back(run(hold));
  threads.push_back(run(put));
  threads.push_back(run(hold));
  for (auto& each : threads)
    each.join();
  CHECK(failures == 0);
  for (int i = 0; i < 60; ++i)
    CHECK(holder("t" + std::to_string(i)) == "phone-" + std::to_string(i));
}
