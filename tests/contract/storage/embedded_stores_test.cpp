#include "storage/embedded_stores.hpp"

#include <doctest/doctest.h>
#include <hiredis/hiredis.h>
#include <mysql.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "private_stores.hpp"
#include "storage/api_key_store.hpp"
#include "storage/database.hpp"

using namespace pusher;
using pusher::testing::eventually;
using pusher::testing::temporary_directory;

namespace {

settings redis_only(const std::string& directory) {
  settings config;
  config.data_directory = directory;
  config.mysql.host = "not-embedded";
  return config;
}

pid_t listener(int fd) {
  ucred facts{};
  socklen_t size = sizeof(facts);
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &facts, &size) == 0 ? facts.pid : 0;
}

/// The process that answers as Redis at the socket; 0 = none.
pid_t redis_process(const std::string& socket) {
  std::unique_ptr<redisContext, decltype(&redisFree)> context(redisConnectUnix(socket.c_str()), redisFree);
  if (!context || context->err) return 0;
  std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(
      static_cast<redisReply*>(redisCommand(context.get(), "PING")), freeReplyObject);
  return reply && reply->type == REDIS_REPLY_STATUS ? listener(context->fd) : 0;
}

pid_t mysql_process(const std::string& socket) {
  std::unique_ptr<MYSQL, decltype(&mysql_close)> handle(mysql_init(nullptr), mysql_close);
  if (!mysql_real_connect(handle.get(), nullptr, "root", "", nullptr, 0, socket.c_str(), 0)) return 0;
  return listener(mysql_get_socket(handle.get()));
}

/// Whether the process is gone; one that nobody reaped counts as gone.
bool ended(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  auto name_end = text.rfind(')');
  return name_end == std::string::npos || text[name_end + 2] == 'Z';
}

/// Starts stores in a process that then ends without any clean-up, as after kill -9.
void start_and_crash(settings config) {
  auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto started = embedded_stores::start(config);
    if (started) (void)started->release();
    ::_exit(started ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

std::unique_ptr<embedded_stores> started(settings& config) {
  auto stores = embedded_stores::start(config);
  REQUIRE_MESSAGE(stores.ok(), stores.failure().detail);
  return std::move(*stores);
}

}  // namespace

TEST_CASE("stores survive a crash of their owner, are found again, and stop with the next one") {
  temporary_directory directory;
  settings config;
  config.data_directory = directory.path();
  start_and_crash(config);
  auto redis = redis_process(directory.path() + "/run/redis.sock");
  auto mysql = mysql_process(directory.path() + "/run/mysql.sock");
  REQUIRE(redis > 0);
  REQUIRE(mysql > 0);
  CHECK(::getsid(redis) == redis);
  CHECK(::getsid(mysql) == mysql);

  auto stores = started(config);
  CHECK(config.redis.unix_socket == directory.path() + "/run/redis.sock");
  CHECK(config.mysql.unix_socket == directory.path() + "/run/mysql.sock");
  CHECK(config.mysql.user == "root");
  CHECK(redis_process(config.redis.unix_socket) == redis);
  CHECK(mysql_process(config.mysql.unix_socket) == mysql);

  stores.reset();
  CHECK(ended(redis));
  CHECK(ended(mysql));
}

TEST_CASE("a half-made database directory is made anew") {
  temporary_directory directory;
  std::filesystem::create_directories(directory.path() + "/mysql.new/mysql");
  settings config;
  config.data_directory = directory.path();
  config.redis.host = "not-embedded";
  auto stores = started(config);
  CHECK(mysql_process(config.mysql.unix_socket) > 0);
  CHECK_FALSE(std::filesystem::exists(directory.path() + "/mysql.new"));
}

TEST_CASE("a store that is killed is started again, whether we started it or found it") {
  temporary_directory directory;
  settings config = redis_only(directory.path());
  start_and_crash(config);
  auto stores = started(config);
  for (int round = 0; round < 2; ++round) {
    auto before = redis_process(config.redis.unix_socket);
    REQUIRE(before > 0);
    REQUIRE(::kill(before, SIGKILL) == 0);
    CHECK(eventually([&] {
      auto now = redis_process(config.redis.unix_socket);
      return now > 0 && now != before;
    }));
  }
}

TEST_CASE("what was committed is there after MariaDB was killed, and a connection heals") {
  temporary_directory directory;
  settings config;
  config.data_directory = directory.path();
  config.redis.host = "not-embedded";
  auto stores = started(config);
  database db(config.mysql);
  REQUIRE(migrate(db).ok());
  auto key = api_key_store(db).create("default", {"", 1, std::nullopt, 0});
  REQUIRE(key.ok());
  auto before = mysql_process(config.mysql.unix_socket);
  REQUIRE(::kill(before, SIGKILL) == 0);
  REQUIRE(eventually([&] { return db.ping().ok() && mysql_process(config.mysql.unix_socket) != before; }));
  CHECK(api_key_store(db).find(key->secret).ok());
}

TEST_CASE("the last of several users stops the store") {
  temporary_directory directory;
  settings first = redis_only(directory.path()), second = first;
  auto one = started(first), two = started(second);
  auto process = redis_process(first.redis.unix_socket);
  one.reset();
  CHECK(redis_process(second.redis.unix_socket) == process);
  two.reset();
  CHECK(ended(process));
}

TEST_CASE("a command beside a node uses its stores, and without a node starts MariaDB for itself alone") {
  temporary_directory directory;
  settings node, command;
  node.data_directory = command.data_directory = directory.path();
  auto alone = embedded_stores::attach_or_start(command);
  REQUIRE_MESSAGE(alone.ok(), alone.failure().detail);
  CHECK(command.redis.unix_socket.empty());
  auto process = mysql_process(command.mysql.unix_socket);
  REQUIRE(process > 0);

  auto stores = started(node);
  alone->reset();
  CHECK(mysql_process(node.mysql.unix_socket) == process);

  settings beside;
  beside.data_directory = directory.path();
  auto attached = embedded_stores::attach_or_start(beside);
  REQUIRE(attached.ok());
  CHECK(beside.mysql.unix_socket == node.mysql.unix_socket);
  CHECK(beside.redis.unix_socket == node.redis.unix_socket);
  attached->reset();
  CHECK(mysql_process(node.mysql.unix_socket) == process);
}

TEST_CASE("a data directory with a long path has its sockets elsewhere, and they are found again") {
  temporary_directory directory;
  settings config = redis_only(directory.path() + "/" + std::string(120, 'd'));
  start_and_crash(config);
  auto stores = started(config);
  CHECK(config.redis.unix_socket.size() < 108);
  auto process = redis_process(config.redis.unix_socket);
  CHECK(process > 0);
  stores.reset();
  CHECK(ended(process));
  std::filesystem::remove_all(std::filesystem::path(config.redis.unix_socket).parent_path());
}

TEST_CASE("stores whose directory was removed still stop") {
  temporary_directory directory;
  settings config = redis_only(directory.path());
  auto stores = started(config);
  auto process = redis_process(config.redis.unix_socket);
  std::filesystem::remove_all(directory.path());
  stores.reset();
  CHECK(ended(process));
}

TEST_CASE("a store that cannot start is an error with the end of its log") {
  temporary_directory directory;
  settings config = redis_only(directory.path());
  config.embedded.maxmemory = "not-a-size";
  auto stores = embedded_stores::start(config);
  REQUIRE_FALSE(stores.ok());
  CHECK(stores.failure().code == errc::store_unavailable);
  CHECK(stores.failure().detail.find("maxmemory") != std::string::npos);
}

TEST_CASE("a program that is not installed is an error that names the package") {
  std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  temporary_directory directory;
  settings config = redis_only(directory.path());
  auto stores = embedded_stores::start(config);
  ::setenv("PATH", path.c_str(), 1);
  REQUIRE_FALSE(stores.ok());
  CHECK(stores.failure().code == errc::invalid_configuration);
  CHECK(stores.failure().detail.find("package redis-server") != std::string::npos);
}

TEST_CASE("a data directory belongs to one process, and its successor learns who had it") {
  temporary_directory parent;
  auto path = parent.path() + "/data";
  {
    auto held = data_directory::open(path);
    REQUIRE(held.ok());
    CHECK(held->predecessor().empty());
    CHECK(held->announce("boot-1").ok());
    auto refused = data_directory::open(path);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.failure().code == errc::already_running);
    CHECK(refused.failure().detail.find(std::to_string(::getpid())) != std::string::npos);
  }
  auto next = data_directory::open(path);
  REQUIRE(next.ok());
  CHECK(next->predecessor() == "boot-1");
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms(077)) ==
        std::filesystem::perms::none);
}

TEST_CASE("the stores that survive a crash do not hold the data directory") {
  temporary_directory directory;
  auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto held = data_directory::open(directory.path());
    settings config = redis_only(directory.path());
    auto stores = embedded_stores::start(config);
    if (stores) (void)stores->release();
    ::_exit(held && stores ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  CHECK(data_directory::open(directory.path()).ok());
  settings config = redis_only(directory.path());
  auto stores = started(config);
}
