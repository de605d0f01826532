#include "storage/report_store.hpp"
#include "storage/deleted_notifications.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "sample.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

constexpr auto received = device_event_type::received, opened = device_event_type::opened;

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  device_store devices{db};
  notification_store notifications{db};
  report_store reports{db};
  notification target = launched(db, app);

  fixture() {
    for (int i = 0; i < 10; ++i)
      REQUIRE(devices.put(app, sample_device("d" + std::to_string(i), "t" + std::to_string(i))).ok());
  }
  std::vector<report_status> record(const std::vector<client_report>& what) {
    auto made = reports.record(app, what);
    REQUIRE_MESSAGE(made.ok(), made.failure().detail);
    std::vector<report_status> statuses;
    for (const auto& each : *made)
      statuses.push_back(each.status);
    return statuses;
  }
  notification read() { return *notifications.get(app, target.id); }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a report counts once per device and type, however often it is said") {
  using s = report_status;
  CHECK(record({{"d1", received, target.id}, {"d1", received, target.id}, {"d1", opened, target.id}}) ==
        std::vector{s::recorded, s::repeated, s::recorded});
  CHECK(record({{"d1", opened, target.id}, {"d2", received, target.id}}) ==
        std::vector{s::repeated, s::recorded});
  CHECK(read().received == 2);
  CHECK(read().opened == 1);
  auto first = reports.record(app, {{"d3", opened, target.id}})->front();
  auto again = reports.record(app, {{"d3", opened, target.id}})->front();
  CHECK(first.at == again.at);
}

TEST_CASE_FIXTURE(fixture, "what is not there is refused by itself, and another application's is not there") {
  using s = report_status;
  auto other = new_application(db);
  auto foreign = launched(db, other);
  CHECK(record({{"d1", received, foreign.id},
                {"nobody", received, target.id},
                {"d1", received, "nothing"},
                {"d1", received, target.id}}) ==
        std::vector{s::no_such_notification, s::no_such_device, s::no_such_notification, s::recorded});
  CHECK(notifications.get(other, foreign.id)->received == 0);
  CHECK(read().received == 1);
  CHECK(reports.record(other, {{"d1", received, foreign.id}})->front().status == s::no_such_device);
}

TEST_CASE_FIXTURE(fixture, "reports of the same in parallel count once") {
  std::vector<std::thread> threads;
  std::atomic<int> counted{0}, failed{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      database own(shared_stores().mysql);
      report_store store(own);
      for (int round = 0; round < 10; ++round) {
        std::vector<client_report> some;
        for (int i = 0; i < 10; ++i)
          some.push_back({"d" + std::to_string((i + t) % 10), round % 2 == 0 ? received : opened, target.id});
        for (int tries = 0;; ++tries) {
          auto made = store.record(app, some);
          if (made) {
            for (const auto& each : *made)
              counted += each.status == report_status::recorded ? 1 : 0;
            break;
          }
          if (made.failure().code != errc::store_unavailable || tries == 50) {
            ++failed;
            break;
          }
        }
      }
    });
  for (auto& each : threads)
    each.join();
  CHECK(failed == 0);
  CHECK(counted == 20);
  CHECK(read().received == 10);
  CHECK(read().opened == 10);
}

TEST_CASE_FIXTURE(fixture, "a thousand reports over many notifications are recorded at once") {
  std::vector<notification> targets;
  for (int i = 0; i < 20; ++i)
    targets.push_back(launched(db, app));
  std::vector<client_report> many;
  for (int i = 0; i < 1000; ++i)
    many.push_back({"d" + std::to_string(i % 10), i % 3 == 0 ? opened : received,
                    targets[static_cast<size_t>(i / 50)].id});
  size_t fresh = 0;
  for (auto each : record(many))
    fresh += each == report_status::recorded ? 1 : 0;
  uint64_t counted = 0;
  for (const auto& each : targets) {
    auto now = *notifications.get(app, each.id);
    counted += now.received + now.opened;
    CHECK(now.received == 10);
  }
  CHECK(fresh == counted);
}

TEST_CASE_FIXTURE(fixture, "the reports of a deleted notification go with it") {
  record({{"d1", received, target.id}});
  change(db, "UPDATE notifications SET state = 9, application_id = 0 WHERE id = ?", {target.key});
  deleted_notifications deleted(db);
  while (deleted.purge(1000)->more) {
  }
  CHECK(number_of(db, "SELECT COUNT(*) FROM reports WHERE notification_id = ?", {target.key}) == 0);
}
