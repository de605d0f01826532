// What becomes of embedded stores whose files are damaged: Redis starts without them by itself, MariaDB says
// what a person is to do.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "private_stores.hpp"
#include "storage/connection.hpp"
#include "storage/database.hpp"
#include "storage/embedded_stores.hpp"
#include "storage/redis.hpp"
#include "storage/redis_files.hpp"
#include "storage/refusal_watch.hpp"
#include "storage/transaction.hpp"

using namespace pusher;
using pusher::testing::eventually;
using pusher::testing::temporary_directory;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

/// In its place, as a disk would: whoever has the file open sees it.
void overwrite(const fs::path& file, size_t at, const std::string& bytes) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(at));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(out.flush().good());
}

/// A data directory whose Redis or MariaDB is started again and again.
class embedded_machine {
 public:
  explicit embedded_machine(bool with_redis) {
    config_.data_directory = directory_.path();
    (with_redis ? config_.mysql.host : config_.redis.host) = "not-embedded";
  }

  result<std::unique_ptr<embedded_stores>> start() {
    now_ = config_;
    store_notices to;
    to.redis_starts_anew = [this](const std::string& why, const std::string& kept) {
      std::lock_guard<std::mutex> guard(mutex_);
      told_.emplace_back(why, kept);
    };
    return embedded_stores::start(now_, to);
  }
  std::unique_ptr<embedded_stores> started() {
    auto stores = start();
    REQUIRE_MESSAGE(stores.ok(), stores.failure().detail);
    return *std::move(stores);
  }
  /// What Redis was told to keep, in two files: a base and what came after.
  std::unique_ptr<embedded_stores> with_rewritten_file() {
    auto stores = started();
    set("base", "1");
    redis rewriting(now_.redis);
    REQUIRE(rewriting.command({"BGREWRITEAOF"}).ok());
    REQUIRE(eventually([&] { return info("persistence").find("aof_rewrites:1\r") != std::string::npos; }));
    REQUIRE(eventually([&] {
      auto facts = info("persistence");
      return facts.find("aof_rewrite_in_progress:0") != std::string::npos &&
             facts.find("aof_rewrite_scheduled:0") != std::string::npos;
    }));
    for (int i = 0; i < 200; ++i)
      set("after", std::to_string(i));
    return stores;
  }

  void set(const std::string& key, const std::string& value) {
    REQUIRE(redis(now_.redis).command({"SET", key, value}).ok());
  }
  std::string get(const std::string& key) {
    auto reply = redis(now_.redis).command({"GET", key});
    REQUIRE(reply.ok());
    return reply->text;
  }
  std::string info(const std::string& section) {
    auto reply = redis(now_.redis).command({"INFO", section});
    return reply ? reply->text : std::string();
  }
  pid_t redis_process() {
    auto facts = info("server");
    auto at = facts.find("process_id:");
    return at == std::string::npos ? 0 : std::stoi(facts.substr(at + 11));
  }

  std::string redis_place() const { return redis_directory(directory_.path()); }
  fs::path redis_file(const std::string& part) const {
    for (const auto& each : fs::directory_iterator(redis_place() + "/appendonlydir"))
      if (each.path().filename().string().find(part) != std::string::npos) return each.path();
    FAIL("there is no file of Redis with ", part);
    return {};
  }
  std::vector<std::string> kept() const {
    std::vector<std::string> found;
    for (const auto& each : fs::directory_iterator(redis_place()))
      if (each.path().filename().string().rfind("damaged-", 0) == 0) found.push_back(each.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<std::pair<std::string, std::string>> told() {
    std::lock_guard<std::mutex> guard(mutex_);
    return told_;
  }
  std::string path() const { return directory_.path(); }
  const settings& now() const { return now_; }

 private:
  temporary_directory directory_;
  settings config_, now_;
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> told_;
};

struct damage {
  std::string name;
  void (*be_done)(const embedded_machine&);
  const char* complaint;
};

const damage damages[] = {
    {"a byte in the middle",
     [](const embedded_machine& at) {
       auto file = at.redis_file(".incr.");
       overwrite(file, text_of(file).find("*3", 2000), "#");
     },
     "Bad file format"},
    {"a command that is none",
     [](const embedded_machine& at) {
       auto file = at.redis_file(".incr.");
       overwrite(file, text_of(file).find("SET", 2000), "SEQ");
     },
     "Unknown command"},
    {"a block of zeros",
     [](const embedded_machine& at) {
       auto file = at.redis_file(".incr.");
       overwrite(file, text_of(file).find("*3", 2000), std::string(512, '\0'));
     },
     "Bad file format"},
    {"a byte of the base file",
     [](const embedded_machine& at) {
       auto file = at.redis_file(".base.");
       overwrite(file, fs::file_size(file) - 12, "#");
     },
     "checksum"},
    {"a base file that is cut",
     [](const embedded_machine& at) { fs::resize_file(at.redis_file(".base."), 60); }, "RDB"},
    {"a base file that is gone", [](const embedded_machine& at) { fs::remove(at.redis_file(".base.")); },
     "Unable to obtain"},
    {"an empty manifest", [](const embedded_machine& at) { fs::resize_file(at.redis_file("manifest"), 0); },
     "MANIFEST"},
    {"a senseless manifest",
     [](const embedded_machine& at) {
       auto file = at.redis_file("manifest");
       overwrite(file, text_of(file).find("seq"), "#");
     },
     "MANIFEST"},
};

}  // namespace

TEST_CASE("an embedded Redis that cannot load its files starts without them, and they are kept") {
  for (const auto& each : damages) {
    CAPTURE(each.name);
    embedded_machine machine(true);
    machine.with_rewritten_file().reset();
    each.be_done(machine);
    auto damaged = text_of(machine.redis_file("manifest"));

    auto stores = machine.started();
    CHECK(machine.get("base").empty());
    auto told = machine.told();
    REQUIRE(told.size() == 1);
    CHECK(told[0].first.find(each.complaint) != std::string::npos);
    CHECK(machine.kept() == std::vector{told[0].second});
    CHECK(text_of(told[0].second + "/appendonly.aof.manifest") == damaged);
    CHECK(redis_files_set_aside_at() > 0);

    // What it writes from now on is good.
    machine.set("base", "2");
    stores.reset();
    stores = machine.started();
    CHECK(machine.get("base") == "2");
    CHECK(machine.told().size() == 1);
  }
}

TEST_CASE("what a death cut off at the end, Redis does without, and keeps the rest") {
  embedded_machine machine(true);
  machine.with_rewritten_file().reset();
  auto file = machine.redis_file(".incr.");
  fs::resize_file(file, fs::file_size(file) - 5);
  auto stores = machine.started();
  CHECK(machine.get("base") == "1");
  CHECK(machine.get("after") == "198");
  CHECK(machine.told().empty());
  CHECK(machine.kept().empty());
}

TEST_CASE("what looks as if it was cut off, because a length is too great, Redis does without as well") {
  embedded_machine machine(true);
  machine.with_rewritten_file().reset();
  auto file = machine.redis_file(".incr.");
  overwrite(file, text_of(file).find("$3\r\nSET", 2000) + 1, "3000000");
  auto stores = machine.started();
  // An older state, which the comparison with MariaDB finds.
  CHECK(std::stoi(machine.get("after")) < 199);
  CHECK(machine.told().empty());
}

TEST_CASE("a Redis that dies in the middle of work with a damaged file is started again without it") {
  embedded_machine machine(true);
  auto stores = machine.with_rewritten_file();
  damages[0].be_done(machine);
  auto before = machine.redis_process();
  REQUIRE(before > 0);
  REQUIRE(::kill(before, SIGKILL) == 0);
  REQUIRE(eventually([&] { return machine.redis_process() > 0 && machine.redis_process() != before; }));
  CHECK(machine.get("base").empty());
  CHECK(machine.told().size() == 1);
}

TEST_CASE("only the newest damaged files are kept") {
  embedded_machine machine(true);
  std::vector<std::string> names;
  for (int round = 0; round < 4; ++round) {
    machine.with_rewritten_file().reset();
    damages[6].be_done(machine);
    machine.started().reset();
    names.push_back(machine.told().back().second);
  }
  CHECK(machine.kept() == std::vector{names[2], names[3]});
}

TEST_CASE("a file that Redis wrote while its disk was full is not used, unless it was made anew") {
  embedded_machine machine(true);
  auto stores = machine.started();
  machine.set("base", "1");
  redis_files::distrust(machine.redis_place());
  redis_files::trust(machine.redis_place());
  stores.reset();
  stores = machine.started();
  CHECK(machine.get("base") == "1");

  redis_files::distrust(machine.redis_place());
  stores.reset();
  stores = machine.started();
  CHECK(machine.get("base").empty());
  REQUIRE(machine.told().size() == 1);
  CHECK(machine.told()[0].first.find("disk was full") != std::string::npos);
  machine.set("base", "2");
  stores.reset();
  stores = machine.started();
  CHECK(machine.get("base") == "2");
}

TEST_CASE("a MariaDB with damaged files does not start, and says what a person is to do") {
  embedded_machine machine(false);
  machine.started().reset();
  auto file = machine.path() + "/mysql/ibdata1";
  overwrite(file, 5 * 16384 + 200, std::string(64, '#'));
  auto refused = machine.start();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == errc::store_unavailable);
  auto said = refused.failure().detail;
  CHECK(said.find("ibdata1") != std::string::npos);
  CHECK(said.find("pusher restore --from BACKUP --data-directory NEW") != std::string::npos);
}

TEST_CASE("a MariaDB that comes upon a damaged table says so for some seconds") {
  embedded_machine machine(false);
  {
    auto stores = machine.started();
    database db(machine.now().mysql);
    REQUIRE(migrate(db).ok());
  }
  // The table's page number 0, without which nothing of it can be read.
  overwrite(machine.path() + "/mysql/pusher/segments.ibd", 38, std::string(64, '#'));
  auto stores = machine.started();
  database db(machine.now().mysql);
  auto read = with_connection(db, [](database::connection& on) {
    return on.execute("reading", "SELECT COUNT(*) FROM segments", {});
  });
  REQUIRE_FALSE(read.ok());
  CHECK(read.failure().code == errc::store_unavailable);
  auto said = mariadb_damage().lately();
  REQUIRE(said);
  CHECK(said->find("segments") != std::string::npos);
  CHECK(said->find("pusher restore") != std::string::npos);
}
