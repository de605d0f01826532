#include "storage/database.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "private_stores.hpp"
#include "storage/connection.hpp"
#include "storage/migrations.hpp"
#include "storage/transaction.hpp"

using namespace pusher;
using pusher::testing::shared_stores;

namespace {

mysql_settings another_database(const std::string& name) {
  auto endpoint = shared_stores().mysql;
  endpoint.database = name;
  return endpoint;
}

}  // namespace

TEST_CASE("migrating twice changes nothing, and the database is made when it is missing") {
  database db(another_database("migrated twice"));
  REQUIRE(migrate(db).ok());
  CHECK(migrate(db).ok());
  auto open = db.open();
  REQUIRE(open.ok());
  uint64_t version = 0, applications = 0;
  CHECK((*open)
            ->query("", "SELECT MAX(version) FROM schema_version", {},
                    [&](const sql_row& row) { version = row.number(0); })
            .ok());
  CHECK((*open)
            ->query("", "SELECT COUNT(*) FROM applications WHERE name = 'default'", {},
                    [&](const sql_row& row) { applications = row.number(0); })
            .ok());
  CHECK(version == migrations().back().version);
  CHECK(applications == 1);
}

TEST_CASE("a schema newer than the program is refused") {
  database db(another_database("too_new"));
  REQUIRE(migrate(db).ok());
  REQUIRE((*db.open())->run("", "INSERT INTO schema_version VALUES (9999, 0)").ok());
  auto refused = migrate(db);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == errc::schema_too_new);
}

TEST_CASE("a database that is away is an error, and work goes on when the connection is lost") {
  auto nowhere = shared_stores().mysql;
  nowhere.unix_socket += ".nowhere";
  database away(nowhere);
  CHECK(away.ping().failure().code == errc::store_unavailable);

  database db(shared_stores().mysql);
  REQUIRE(db.ping().ok());
  auto killed = (*db.open())->run("", "KILL CONNECTION_ID()");
  CHECK_FALSE(killed.ok());
  CHECK(killed.failure().code == errc::store_unavailable);
  CHECK(db.ping().ok());
}

TEST_CASE("who falls silent in the middle of a transaction holds up nobody for long") {
  database silent(shared_stores().mysql), other(shared_stores().mysql);
  REQUIRE((*other.open())->run("", "CREATE TABLE silence (id INT PRIMARY KEY, n INT NOT NULL)").ok());
  REQUIRE((*other.open())->run("", "INSERT INTO silence VALUES (1, 0)").ok());
  auto stopped = silent.open();
  REQUIRE(stopped.ok());
  REQUIRE((*stopped)->run("", "START TRANSACTION").ok());
  REQUIRE((*stopped)->run("", "UPDATE silence SET n = n + 1").ok());

  // The transaction repeats by itself when it waited too long for the row's lock.
  auto done =
      transact(other, [](database::connection& on) { return on.run("", "UPDATE silence SET n = n + 10"); });
  CHECK(done.ok());
  auto late = (*stopped)->run("", "COMMIT");
  REQUIRE_FALSE(late.ok());
  CHECK(late.failure().code == errc::store_unavailable);
  uint64_t n = 0;
  CHECK((*other.open())
            ->query("", "SELECT n FROM silence", {}, [&](const sql_row& row) { n = row.number(0); })
            .ok());
  CHECK(n == 10);
}

TEST_CASE("texts longer than a buffer are read whole") {
  database db(shared_stores().mysql);
  std::string text(100'000, 'x'), read;
  REQUIRE((*db.open())
              ->query("", "SELECT ?, 7, NULL", {text},
                      [&](const sql_row& row) {
                        read = row.text(0);
                        CHECK(row.number(1) == 7);
                        CHECK(row.null(2));
                      })
              .ok());
  CHECK(read == text);
}

TEST_CASE("a failed transaction leaves nothing, and its error quotes no values") {
  database db(shared_stores().mysql);
  auto failed = transact(db, [](database::connection& on) -> result<void> {
    auto insert = [&] {
      return on.execute("testing", "INSERT INTO applications (name, created_at) VALUES ('secret-name', 0)",
                        {});
    };
    if (auto first = insert(); !first) return first.failure();
    return insert().failure();
  });
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.failure().detail.find("secret-name") == std::string::npos);
  CHECK(*(*db.open())
             ->query("", "SELECT 1 FROM applications WHERE name = 'secret-name'", {},
                     [](const sql_row&) {}) == 0);
}

TEST_CASE("a transaction that meets a deadlock runs again") {
  database one(shared_stores().mysql), two(shared_stores().mysql);
  REQUIRE((*one.open())->run("", "CREATE TABLE IF NOT EXISTS deadlock (id INT PRIMARY KEY, n INT)").ok());
  REQUIRE((*one.open())->run("", "INSERT IGNORE INTO deadlock VALUES (1, 0), (2, 0)").ok());
  std::atomic<int> holding{0};
  auto add = [&](database& db, int first, int second) {
    return transact(db, [&, tries = 0](database::connection& on) mutable -> result<void> {
      auto touch = [&](int id) { return on.execute("", "UPDATE deadlock SET n = n + 1 WHERE id = ?", {id}); };
      if (auto done = touch(first); !done) return done.failure();
      ++holding;
      // Both hold their first row before either asks for its second.
      if (++tries == 1) pusher::testing::eventually([&] { return holding >= 2; });
      if (auto done = touch(second); !done) return done.failure();
      return {};
    });
  };
  std::thread other([&] { CHECK(add(two, 2, 1).ok()); });
  CHECK(add(one, 1, 2).ok());
  other.join();
  CHECK(*(*one.open())->query("", "SELECT id FROM deadlock WHERE n = 2", {}, [](const sql_row&) {}) == 2);
}

TEST_CASE("a transaction that an exception leaves is undone, whatever is done next on the same store") {
  database db(another_database("left by exceptions"));
  REQUIRE(migrate(db).ok());
  REQUIRE((*db.open())->run("", "CREATE TABLE marks (id INT PRIMARY KEY)").ok());
  auto insert = [&](const char* id, bool breaks) {
    return transact(db, [&](database::connection& on) -> result<void> {
      auto made = on.run("", std::string("INSERT INTO marks VALUES (") + id + ")");
      if (breaks) throw std::runtime_error("in the middle");
      return made;
    });
  };
  CHECK_THROWS(insert("1", true));
  CHECK(insert("2", false).ok());
  // And one that breaks off among the rows of an answer.
  CHECK_THROWS(with_connection(db, [](database::connection& on) {
    return on.query("", "SELECT 1 UNION SELECT 2", {},
                    [](const sql_row&) { throw std::runtime_error("among rows"); });
  }));
  std::vector<uint64_t> found;
  REQUIRE(
      (*db.open())
          ->query("", "SELECT id FROM marks", {}, [&](const sql_row& row) { found.push_back(row.number(0)); })
          .ok());
  CHECK(found == std::vector<uint64_t>{2});
}
