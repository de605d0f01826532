#include "storage/property_index_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "model/property_index.hpp"
#include "sample.hpp"
#include "storage/connection.hpp"
#include "storage/device_store.hpp"
#include "storage/transaction.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  device_store devices{db};
  property_index_store indexes{db};

  device described(const std::string& id, const std::string& properties) {
    auto value = sample_device(id, "token-" + id);
    value.properties = properties;
    return value;
  }
  void put(const std::string& id, const std::string& properties) {
    REQUIRE(devices.put(app, described(id, properties)).ok());
  }
  void declare(const std::vector<std::string>& names) {
    REQUIRE(indexes.declare(app, names).ok());
    finish();
  }
  void finish() {
    for (;;) {
      auto worked = indexes.work();
      REQUIRE(worked.ok());
      if (!*worked) return;
    }
  }
  std::set<std::pair<uint64_t, uint64_t>> rows_of(const indexed_property& name) {
    std::set<std::pair<uint64_t, uint64_t>> rows;
    auto read =
        (*db.open())
            ->query("reading", "SELECT hash, device_id FROM property_index WHERE index_id = ?", {name.id},
                    [&](const sql_row& row) { rows.emplace(row.number(0), row.number(1)); });
    REQUIRE(read.ok());
    return rows;
  }
  /// Every index row that the devices call for, disabled ones included, and no other.
  void check_rows() {
    auto names = indexes.list(app);
    REQUIRE(names.ok());
    for (const auto& name : *names) {
      CAPTURE(name.name);
      std::set<std::pair<uint64_t, uint64_t>> expected;
      auto read = (*db.open())
                      ->query("reading", "SELECT id, properties FROM devices WHERE application_id = ?", {app},
                              [&](const sql_row& row) {
                                auto entries = index_entries_of(row.text(1), {name.name});
                                for (auto hash : entries[0].hashes)
                                  expected.emplace(hash, row.number(0));
                              });
      REQUIRE(read.ok());
      CHECK(rows_of(name) == expected);
    }
  }
  struct found {
    std::set<std::string> ids;
    device_plan plan;
    size_t looked_at = 0;
  };
  found find(const std::string& json, size_t rows_per_page = 5000) {
    auto where = condition::parse(json);
    REQUIRE_MESSAGE(where.ok(), json);
    auto plan = devices.plan(app, *where);
    REQUIRE(plan.ok());
    plan->parts = device_parts::all;  // to see the ids
    found made{{}, *plan, 0};
    auto range = devices.range(app);
    device_reader reader;
    device_key after;
    page_bounds bounds;
    bounds.rows = rows_per_page;
    for (;;) {
      auto page = devices.read(app, *plan, after, range->last, bounds, [&](const device_row& row) {
        ++made.looked_at;
        reader.load(row);
        if (where->matches(reader, range->as_of)) CHECK(made.ids.emplace(row.device_id).second);
      });
      REQUIRE(page.ok());
      after = page->last;
      if (page->at_end) return made;
    }
  }
};

std::string properties_of(std::mt19937& random) {
  std::string plan = std::to_string(random() % 4), tags;
  for (auto i = random() % 3; i > 0; --i)
    tags += (tags.empty() ? "\"" : ",\"") + std::string(1, static_cast<char>('a' + random() % 5)) + "\"";
  switch (random() % 4) {
    case 0:
      return R"({"plan":"p)" + plan + R"(","tags":[)" + tags + "]}";
    case 1:
      return R"({"plan":)" + plan + R"(,"other":1})";
    case 2:
      return R"({"tags":[)" + tags + "]}";
    default:
      return "{}";
  }
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "whatever becomes of devices, the index has their values and no others") {
  std::mt19937 random(11);
  auto id_of = [&] { return "d" + std::to_string(random() % 40); };
  for (int step = 0; step < 400; ++step) {
    if (step == 100) REQUIRE(indexes.declare(app, {"plan", "tags"}).ok());
    if (step > 100 && step % 7 == 0) REQUIRE(indexes.work().ok());
    switch (random() % 5) {
      case 0:
      case 1: {
        std::vector<device> batch;
        for (auto i = random() % 5; i > 0; --i) {
          batch.push_back(described(id_of(), properties_of(random)));
          if (random() % 4 == 0) batch.back().push_token = "shared-" + std::to_string(random() % 3);
        }
        REQUIRE(devices.import(app, batch).ok());
        break;
      }
      case 2:
        put(id_of(), properties_of(random));
        break;
      case 3:
        (void)devices.update(app, id_of(), [&](device& value) -> result<void> {
          value.properties = properties_of(random);
          return {};
        });
        break;
      default:
        (void)devices.erase(app, id_of());
    }
  }
  finish();
  auto names = indexes.list(app);
  REQUIRE(names->size() == 2);
  CHECK(names->front().state == index_state::ready);
  CHECK_FALSE(rows_of(names->front()).empty());
  check_rows();
}

TEST_CASE_FIXTURE(fixture, "what an index finds is what a scan finds, page by page") {
  std::mt19937 random(5);
  std::vector<device> batch;
  for (int i = 0; i < 600; ++i)
    batch.push_back(described("d" + std::to_string(i), properties_of(random)));
  REQUIRE(devices.import(app, batch).ok());
  const std::vector<std::string> conditions{
      R"({"property":"plan","eq":"p1"})",
      R"({"property":"plan","in":["p1",2,"none"]})",
      R"({"property":"tags","contains":"b"})",
      R"({"all":[{"property":"tags","contains":"b"},{"property":"plan","eq":"p0"}]})",
      R"({"any":[{"property":"plan","eq":3},{"property":"tags","contains":"c"}]})",
      R"({"all":[{"property":"plan","eq":"p2"},{"not":{"property":"tags","contains":"a"}}]})",
      R"({"property":"plan","eq":"nobody"})",
      R"({"property":"plan","in":[]})"};
  std::map<std::string, std::set<std::string>> scanned;
  for (const auto& each : conditions) {
    auto made = find(each, 50);
    CHECK(made.plan.by == device_plan::access::scan);
    CHECK(made.looked_at == 600);
    scanned[each] = made.ids;
  }
  declare({"plan", "tags"});
  for (const auto& each : conditions) {
    CAPTURE(each);
    auto made = find(each, 7);
    CHECK(made.plan.by == device_plan::access::index);
    CHECK(made.looked_at <= made.plan.candidates);
    CHECK(made.ids == scanned[each]);
  }
  CHECK(scanned[conditions[0]].size() > 20);
  CHECK(find(R"({"not":{"property":"plan","eq":"p1"}})").plan.by == device_plan::access::scan);
}

TEST_CASE_FIXTURE(fixture, "contains is not narrowed once a device has a string there") {
  declare({"tags"});
  put("a", R"({"tags":["vip"]})");
  CHECK(find(R"({"property":"tags","contains":"vip"})").plan.by == device_plan::access::index);
  put("b", R"({"tags":"a vip in a text"})");
  auto made = find(R"({"property":"tags","contains":"vip"})");
  CHECK(made.plan.by == device_plan::access::scan);
  CHECK(made.ids == std::set<std::string>{"a", "b"});
  CHECK(find(R"({"property":"tags","eq":"a vip in a text"})").plan.by == device_plan::access::index);
}

TEST_CASE_FIXTURE(fixture, "a plan whose index is dropped meanwhile finds everything all the same") {
  for (int i = 0; i < 50; ++i)
    put("d" + std::to_string(i), R"({"plan":"p"})");
  declare({"plan"});
  auto where = condition::parse(R"({"property":"plan","eq":"p"})");
  auto plan = devices.plan(app, *where);
  REQUIRE(plan->by == device_plan::access::index);
  size_t seen = 0;
  auto count = [&](const device_row&) { ++seen; };
  page_bounds bounds;
  bounds.rows = 20;
  auto last = devices.range(app)->last;
  auto first = devices.read(app, *plan, {}, last, bounds, count);
  REQUIRE(first.ok());
  CHECK(seen == 20);
  declare({});
  bounds.rows = 5000;
  auto rest = devices.read(app, *plan, first->last, last, bounds, count);
  REQUIRE(rest.ok());
  CHECK(rest->at_end);
  CHECK(plan->by == device_plan::access::scan);
  CHECK(seen == 50);
}

TEST_CASE_FIXTURE(fixture, "user ids narrow what is looked at, and applications do not see each other") {
  for (int i = 0; i < 20; ++i) {
    auto value = sample_device("d" + std::to_string(i), "t" + std::to_string(i));
    value.user_id = "u" + std::to_string(i % 5);
    REQUIRE(devices.put(app, value).ok());
  }
  auto made = find(R"({"attribute":"user_id","in":["u1","u2"]})", 3);
  CHECK(made.plan.by == device_plan::access::users);
  CHECK(made.looked_at == 8);
  CHECK(made.ids.size() == 8);
  auto other = new_application(db);
  CHECK(indexes.list(other)->empty());
  REQUIRE(indexes.declare(other, {"plan"}).ok());
  CHECK(indexes.list(app)->empty());
  finish();
}
