#include "storage/device_store.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>

#include "sample.hpp"
#include "storage/device_registration.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  device_store devices{db};

  disabled_reason reason(const std::string& id) { return devices.get(app, id)->disabled; }
};

std::vector<std::string> ids_of(device_store& devices, application_id app, const page_bounds& bounds = {}) {
  std::vector<std::string> ids;
  device_key after, last = devices.range(app)->last;
  for (;;) {
    auto page = devices.scan(app, after, last, bounds,
                             [&](const device_row& row) { ids.emplace_back(row.device_id); });
    REQUIRE(page.ok());
    CHECK(page->rows <= bounds.rows);
    after = page->last;
    if (page->at_end) return ids;
  }
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "a registered device is read back as it was given") {
  device value = sample_device("d-1", "https://push.example/abc");
  value.gateway = gateway::webpush;
  value.platform = platform::web;
  value.keys = web_push_keys{"key", "secret"};
  value.user_id = "user-1";
  value.locale = "ko-KR";
  value.time_zone = "Asia/Seoul";
  value.app_version = "1.2.3";
  value.properties = R"({"name":"한국어 🙂","n":1})";
  auto put = devices.put(app, value);
  REQUIRE_MESSAGE(put.ok(), put.failure().detail);
  CHECK(put->created);

  auto read = devices.get(app, "d-1");
  REQUIRE(read.ok());
  CHECK(read->key);
  CHECK(read->value.gateway == gateway::webpush);
  CHECK(read->value.platform == platform::web);
  CHECK(read->value.push_token == value.push_token);
  REQUIRE(read->value.keys.has_value());
  CHECK(read->value.keys->p256dh == "key");
  CHECK(read->value.keys->auth == "secret");
  CHECK(read->value.user_id == "user-1");
  CHECK(read->value.locale == "ko-KR");
  CHECK(read->value.time_zone == "Asia/Seoul");
  CHECK(read->value.app_version == "1.2.3");
  CHECK(read->value.properties == value.properties);
  CHECK(read->created_at > 1'600'000'000'000);
  CHECK(read->token_registered_at == read->created_at);
  CHECK(read->disabled == disabled_reason::none);
}

TEST_CASE_FIXTURE(fixture, "what was not given is absent, and ids of other applications are not seen") {
  REQUIRE(devices.put(app, sample_device("d-1", "t-1")).ok());
  auto read = devices.get(app, "d-1");
  CHECK_FALSE(read->value.user_id.has_value());
  CHECK_FALSE(read->value.keys.has_value());
  CHECK(devices.get(new_application(db), "d-1").failure().code == errc::not_found);
  CHECK(devices.get(app, "D-1").failure().code == errc::not_found);
  CHECK(devices.get(app, "d-1 ").failure().code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "registering again keeps the key and replaces the rest") {
  auto first = devices.put(app, sample_device("d-1", "t-1"));
  auto value = sample_device("d-1", "t-2");
  value.properties = "{}";
  auto second = devices.put(app, value);
  REQUIRE(second.ok());
  CHECK_FALSE(second->created);
  CHECK(second->device.key == first->device.key);
  CHECK(second->device.created_at == first->device.created_at);
  CHECK(second->device.value.push_token == "t-2");
  CHECK(second->device.value.properties == "{}");
}

TEST_CASE_FIXTURE(fixture, "a token belongs to the device that registered it last") {
  auto first = devices.put(app, sample_device("d-1", "token"));
  auto second = devices.put(app, sample_device("d-2", "token"));
  CHECK(second->created);
  CHECK(reason("d-1") == disabled_reason::token_moved);
  CHECK(devices.get(app, "d-1")->disabled_at > 0);
  CHECK(devices.get(app, "d-1")->key == first->device.key);
  CHECK(ids_of(devices, app) == std::vector<std::string>{"d-2"});

  // And back: registering enables a disabled device.
  CHECK_FALSE(devices.put(app, sample_device("d-1", "token"))->created);
  CHECK(reason("d-1") == disabled_reason::none);
  CHECK(devices.get(app, "d-1")->disabled_at == 0);
  CHECK(reason("d-2") == disabled_reason::token_moved);
}

TEST_CASE_FIXTURE(fixture, "tokens differ by case, gateway, environment and application") {
  auto other = new_application(db);
  CHECK(devices.put(app, sample_device("d-1", "AbC")).ok());
  CHECK(devices.put(app, sample_device("d-2", "abc")).ok());
  CHECK(devices.put(other, sample_device("d-3", "abc")).ok());
  auto apple = sample_device("d-4", "abc"), sandbox = sample_device("d-5", "abc");
  apple.gateway = sandbox.gateway = gateway::apns;
  sandbox.environment = environment::sandbox;
  CHECK(devices.put(app, apple).ok());
  CHECK(devices.put(app, sandbox).ok());
  for (const char* id : {"d-1", "d-2", "d-4", "d-5"})
    CHECK(reason(id) == disabled_reason::none);
  CHECK(devices.get(other, "d-3")->disabled == disabled_reason::none);
}

TEST_CASE_FIXTURE(fixture, "an update keeps a disabled device disabled unless it brings another token") {
  auto before = devices.put(app, sample_device("d-1", "token"));
  REQUIRE(devices.put(app, sample_device("d-2", "token")).ok());
  auto named = devices.update(app, "d-1", [](device& d) {
    d.user_id = "someone";
    d.device_id = "ignored";
    return result<void>();
  });
  REQUIRE(named.ok());
  CHECK(named->value.user_id == "someone");
  CHECK(named->disabled == disabled_reason::token_moved);
  CHECK(named->token_registered_at == before->device.token_registered_at);
  CHECK(reason("d-2") == disabled_reason::none);

  auto moved = devices.update(app, "d-1", [](device& d) { return d.push_token = "new", result<void>(); });
  CHECK(moved->disabled == disabled_reason::none);
  CHECK(moved->key == before->device.key);
}

TEST_CASE_FIXTURE(fixture, "an update that fails stores nothing, and one of a missing device is not found") {
  REQUIRE(devices.put(app, sample_device("d-1", "token")).ok());
  auto failed = devices.update(app, "d-1", [](device& d) -> result<void> {
    d.user_id = "x";
    return error{errc::invalid_field, "no", "", 0};
  });
  CHECK(failed.failure().code == errc::invalid_field);
  CHECK_FALSE(devices.get(app, "d-1")->value.user_id.has_value());
  CHECK(devices.update(app, "d-2", [](device&) { return result<void>(); }).failure().code == errc::not_found);
}

TEST_CASE_FIXTURE(fixture, "a deleted device is gone, and its token is free") {
  REQUIRE(devices.put(app, sample_device("d-1", "token")).ok());
  CHECK(devices.erase(app, "d-1").ok());
  CHECK(devices.erase(app, "d-1").failure().code == errc::not_found);
  CHECK(devices.put(app, sample_device("d-2", "token"))->created);
}

TEST_CASE_FIXTURE(fixture, "an import says which devices are new; of repeats the last stands") {
  REQUIRE(devices.put(app, sample_device("known", "t-0")).ok());
  auto created = devices.import(app, {sample_device("known", "t-9"), sample_device("a", "t-1"),
                                      sample_device("a", "t-2"), sample_device("b", "t-1")});
  REQUIRE_MESSAGE(created.ok(), created.failure().detail);
  CHECK(*created == std::vector<bool>{false, true, false, true});
  CHECK(devices.get(app, "a")->value.push_token == "t-2");
  CHECK(reason("a") == disabled_reason::none);
  CHECK(reason("b") == disabled_reason::none);
  CHECK(devices.get(app, "known")->value.push_token == "t-9");
  CHECK(devices.import(app, {})->empty());
}

TEST_CASE_FIXTURE(fixture, "tokens move within an import, between new, known and outside devices") {
  REQUIRE(
      devices.import(app, {sample_device("a", "t-a"), sample_device("b", "t-b"), sample_device("c", "t-c")})
          .ok());
  auto key_of_a = devices.get(app, "a")->key;
  // a and b swap; new takes c's token and loses it to newer; only newer and the swapped pair are enabled.
  auto done = devices.import(app, {sample_device("a", "t-b"), sample_device("b", "t-a"),
                                   sample_device("new", "t-c"), sample_device("newer", "t-c")});
  REQUIRE_MESSAGE(done.ok(), done.failure().detail);
  CHECK(devices.get(app, "a")->value.push_token == "t-b");
  CHECK(devices.get(app, "a")->key == key_of_a);
  CHECK(reason("a") == disabled_reason::none);
  CHECK(reason("b") == disabled_reason::none);
  CHECK(reason("c") == disabled_reason::token_moved);
  CHECK(reason("new") == disabled_reason::token_moved);
  CHECK(reason("newer") == disabled_reason::none);
  CHECK(number_of(db, "SELECT COUNT(*) FROM devices WHERE application_id = ?", {app}) == 5);

  // The same import again moves nothing any more, and every key stays.
  auto again = devices.import(app, {sample_device("a", "t-b"), sample_device("b", "t-a"),
                                    sample_device("new", "t-c"), sample_device("newer", "t-c")});
  CHECK(*again == std::vector<bool>(4, false));
  CHECK(reason("newer") == disabled_reason::none);
  CHECK(devices.get(app, "a")->key == key_of_a);
}

TEST_CASE_FIXTURE(fixture, "an import of a thousand devices with large properties is stored whole") {
  std::vector<device> many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back(sample_device("d-" + std::to_string(i), "t-" + std::to_string(i)));
    many.back().properties = R"({"text":")" + std::string(20'000, 'x') + "\"}";
  }
  auto done = devices.import(app, many);
  REQUIRE_MESSAGE(done.ok(), done.failure().detail);
  CHECK(ids_of(devices, app).size() == 1000);
  CHECK(devices.get(app, "d-999")->value.properties == many.back().properties);
  CHECK(devices.import(app, many).ok());
}

TEST_CASE_FIXTURE(fixture, "parallel imports of the same devices and tokens leave one holder per token") {
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      database own(shared_stores().mysql);
      for (int round = 0; round < 5; ++round) {
        std::vector<device> batch;
        for (int i = 0; i < 50; ++i)
          batch.push_back(sample_device("d-" + std::to_string((i * 7 + t) % 60), "t-" + std::to_string(i)));
        auto done = device_store(own).import(app, batch);
        // Contention may exhaust the repeats; then nothing was stored and the caller tries again.
        if (!done && done.failure().code != errc::store_unavailable) {
          ++failures;
          MESSAGE(done.failure().detail);
        }
      }
    });
  for (auto& each : threads)
    each.join();
  CHECK(failures == 0);
  CHECK(number_of(db, "SELECT COUNT(*) FROM devices WHERE application_id = ? AND disabled = 0", {app}) ==
        number_of(db,
                  "SELECT COUNT(DISTINCT push_token) FROM devices WHERE application_id = ? AND disabled = 0",
                  {app}));
}

TEST_CASE_FIXTURE(fixture,
                  "a scan gives every enabled device once, in key order, in pages of rows and bytes") {
  std::vector<device> many;
  for (int i = 0; i < 500; ++i)
    many.push_back(sample_device("d-" + std::to_string(i), "t-" + std::to_string(i)));
  REQUIRE(devices.import(app, many).ok());
  change(db, "UPDATE devices SET disabled = 1 WHERE application_id = ? AND device_id = 'd-7'", {app});
  auto all = ids_of(devices, app);
  CHECK(all.size() == 499);
  CHECK(ids_of(devices, app, {100, 1 << 20}) == all);
  CHECK(ids_of(devices, app, {1, 1 << 20}) == all);
  CHECK(ids_of(devices, app, {499, 1 << 20}) == all);
  CHECK(ids_of(devices, app, {5000, 1}) == all);
  CHECK(ids_of(devices, app, {5000, 10'000}) == all);

  auto last = devices.range(app)->last;
  auto nothing = devices.scan(app, last, last, {}, [](const device_row&) { FAIL("no row"); });
  CHECK(nothing->at_end);
  CHECK(nothing->rows == 0);
  CHECK(nothing->last == last);
}

TEST_CASE_FIXTURE(fixture, "a scan of whole devices gives those that are wanted, with their keys") {
  std::vector<device> many;
  for (int i = 0; i < 300; ++i)
    many.push_back(sample_device("d-" + std::to_string(i), "t-" + std::to_string(i)));
  many[5].gateway = gateway::webpush;
  many[5].keys = web_push_keys{"point", "secret"};
  many[5].user_id = "u";
  REQUIRE(devices.import(app, many).ok());
  change(db, "UPDATE devices SET disabled = 1 WHERE application_id = ? AND device_id = 'd-7'", {app});
  auto wanted = [](const device_row& row) { return row.device_id.size() == 3; };
  for (size_t rows : {1, 7, 299, 5000}) {
    std::vector<stored_device> found;
    device_key after, last = devices.range(app)->last;
    for (;;) {
      auto page = devices.scan_whole(app, after, last, {rows, 1 << 20}, wanted,
                                     [&](stored_device&& each) { found.push_back(std::move(each)); });
      REQUIRE(page.ok());
      CHECK(page->rows <= rows);
      after = page->last;
      if (page->at_end) break;
    }
    REQUIRE(found.size() == 9);
    for (size_t i = 1; i < found.size(); ++i)
      CHECK(found[i - 1].key < found[i].key);
    CHECK(found[0].value.device_id == "d-0");
    CHECK_FALSE(found[0].value.keys);
    REQUIRE(found[5].value.keys);
    CHECK(found[5].value.keys->p256dh == "point");
    CHECK(found[5].value.keys->auth == "secret");
    CHECK(found[5].value.push_token == "t-5");
    CHECK(found[5].value.user_id == "u");
  }
}

TEST_CASE_FIXTURE(fixture, "a page ends at its bytes although rows are large") {
  std::vector<device> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back(sample_device("d-" + std::to_string(i), "t-" + std::to_string(i)));
    many.back().properties = R"({"text":")" + std::string(60'000, 'x') + "\"}";
  }
  REQUIRE(devices.import(app, many).ok());
  size_t bytes = 0;
  auto page = devices.scan(app, {}, devices.range(app)->last, {5000, 1'000'000},
                           [&](const device_row& row) { bytes += row.properties.size(); });
  CHECK_FALSE(page->at_end);
  CHECK(page->rows > 10);
  CHECK(bytes < 1'100'000);
}

TEST_CASE_FIXTURE(fixture, "a scan neither skips nor repeats while devices come and go") {
  std::vector<device> many;
  for (int i = 0; i < 2000; ++i)
    many.push_back(sample_device("stay-" + std::to_string(i), "stay-" + std::to_string(i)));
  REQUIRE(devices.import(app, {many.begin(), many.begin() + 1000}).ok());
  std::vector<device> going;
  for (int i = 0; i < 500; ++i)
    going.push_back(sample_device("go-" + std::to_string(i), "go-" + std::to_string(i)));
  REQUIRE(devices.import(app, going).ok());
  REQUIRE(devices.import(app, {many.begin() + 1000, many.end()}).ok());

  std::atomic<bool> done{false};
  std::atomic<int> churned{0};
  std::thread churn([&] {
    database own(shared_stores().mysql);
    device_store store(own);
    for (int i = 0; !done; ++i) {
      auto id = std::to_string(i % 500);
      CHECK(store.erase(app, "go-" + id).ok());
      CHECK(store.put(app, sample_device("go-" + id, "go-" + id)).ok());
      ++churned;
    }
  });
  CHECK(eventually([&] { return churned > 10; }));
  for (int round = 0; round < 5; ++round) {
    std::multiset<std::string> seen;
    for (const auto& id : ids_of(devices, app, {37, 1 << 20}))
      if (id.rfind("stay-", 0) == 0) seen.insert(id);
    CHECK(seen.size() == 2000);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == 2000);
  }
  done = true;
  churn.join();
}

TEST_CASE_FIXTURE(fixture, "devices are found by device and user ids, in key order and in pages") {
  std::vector<device> many;
  std::vector<std::string> ids, users;
  for (int i = 0; i < 3000; ++i) {
    many.push_back(sample_device("d-" + std::to_string(2999 - i), "t-" + std::to_string(i)));
    many.back().user_id = "u-" + std::to_string(i / 2);
    ids.push_back("d-" + std::to_string(i));
  }
  for (size_t from = 0; from < many.size(); from += 1000)
    REQUIRE(devices
                .import(app, {many.begin() + static_cast<long>(from),
                              many.begin() + static_cast<long>(from) + 1000})
                .ok());
  change(db, "UPDATE devices SET disabled = 1 WHERE application_id = ? AND device_id = 'd-7'", {app});
  ids.push_back("unknown");
  ids.push_back("d-3");
  auto last = devices.range(app)->last;
  for (size_t rows : {5000u, 700u, 1u << 11}) {
    std::vector<uint64_t> keys;
    device_key after;
    for (;;) {
      auto page = devices.scan_device_ids(app, ids, after, last, {rows, 1 << 22},
                                          [&](const device_row& row) { keys.push_back(row.key.value); });
      REQUIRE_MESSAGE(page.ok(), page.failure().detail);
      CHECK(page->rows <= rows);
      after = page->last;
      if (page->at_end) break;
    }
    CHECK(keys.size() == 2999);
    CHECK(std::is_sorted(keys.begin(), keys.end()));
    CHECK(std::set<uint64_t>(keys.begin(), keys.end()).size() == keys.size());
  }
  size_t found = 0;
  auto page =
      devices.scan_user_ids(app, {"u-1", "u-2", "nobody"}, {}, last, {}, [&](const device_row&) { ++found; });
  CHECK(page->at_end);
  CHECK(found == 4);
  CHECK(devices.scan_device_ids(app, {}, {}, last, {}, [](const device_row&) {})->at_end);
}

TEST_CASE_FIXTURE(fixture, "devices are loaded by key, without those that are gone") {
  auto a = devices.put(app, sample_device("a", "t-a"))->device.key;
  auto b = devices.put(app, sample_device("b", "t-b"))->device.key;
  auto c = devices.put(app, sample_device("c", "t-c"))->device.key;
  REQUIRE(devices.erase(app, "b").ok());
  auto loaded = devices.load(app, {c, b, a});
  REQUIRE(loaded.ok());
  REQUIRE(loaded->size() == 2);
  CHECK((*loaded)[0].key == a);
  CHECK((*loaded)[1].key == c);
  CHECK(devices.load(app, {})->empty());
  CHECK(devices.range(app)->last == c);
  CHECK_FALSE(devices.range(new_application(db))->last);
}
