#include "storage/server_plans.hpp"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <mysql.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "storage/mariadb_files.hpp"
#include "storage/private_directory.hpp"

namespace pusher {

namespace fs = std::filesystem;

namespace {

constexpr unsigned probe_seconds = 1;

result<std::string> required_program(const std::string& name, const std::string& package) {
  auto found = find_program(name);
  if (found.empty())
    return error{errc::invalid_configuration,
                 name + " is not installed: install the Debian package " + package +
                     ", or name hosts under [redis] and [mysql]",
                 "", 0};
  return found;
}

/// The process that listens at the other end of a connected unix socket.
std::optional<pid_t> listener_of(int fd) {
  ucred facts{};
  socklen_t size = sizeof(facts);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &facts, &size) != 0 || facts.pid <= 0) return std::nullopt;
  return facts.pid;
}

std::optional<pid_t> redis_answers(const std::string& socket) {
  timeval patience{probe_seconds, 0};
  std::unique_ptr<redisContext, decltype(&redisFree)> context(
      redisConnectUnixWithTimeout(socket.c_str(), patience), redisFree);
  if (!context || context->err || redisSetTimeout(context.get(), patience) != REDIS_OK) return std::nullopt;
  std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(
      static_cast<redisReply*>(redisCommand(context.get(), "PING")), freeReplyObject);
  // While it loads its data it answers with an error.
  if (!reply || reply->type != REDIS_REPLY_STATUS) return std::nullopt;
  return listener_of(context->fd);
}

std::optional<pid_t> mysql_answers(const std::string& socket) {
  // Connector/C waits for a socket that is not there; a plain look spares that.
  if (::access(socket.c_str(), F_OK) != 0) return std::nullopt;
  std::unique_ptr<MYSQL, decltype(&mysql_close)> handle(mysql_init(nullptr), mysql_close);
  if (!handle) return std::nullopt;
  for (auto option : {MYSQL_OPT_CONNECT_TIMEOUT, MYSQL_OPT_READ_TIMEOUT, MYSQL_OPT_WRITE_TIMEOUT})
    mysql_options(handle.get(), option, &probe_seconds);
  if (!mysql_real_connect(handle.get(), nullptr, "root", "", nullptr, 0, socket.c_str(), 0))
    return std::nullopt;
  return listener_of(mysql_get_socket(handle.get()));
}

/// Waits for a child that ends by itself.
bool succeeded(pid_t child) {
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Installs into a temporary name and renames last, so that a crash leaves no half-made directory behind that
/// would be taken for a good one.
result<void> install_mysql(const child_command& installer, const std::string& making,
                           const std::string& finished, const owned_fd& alive) {
  std::error_code fault;
  if (fs::exists(finished, fault)) return {};
  fs::remove_all(making, fault);
  if (auto made = make_private_directory(making); !made) return made.failure();
  auto child = spawn(installer, alive);
  if (!child) return child.failure();
  if (!succeeded(*child))
    return error{errc::store_unavailable,
                 "mariadb-install-db failed. The end of its log:\n" + last_lines(installer.log_file, 1500),
                 "", 0};
  owned_fd directory(::open(making.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.valid()) ::syncfs(directory.get());
  fs::rename(making, finished, fault);
  if (fault)
    return error{errc::store_unavailable, "Cannot create " + finished + ": " + fault.message(), "", 0};
  return {};
}

/// mariadbd refuses to run as root unless told to.
void add_user(std::vector<std::string>& arguments) {
  if (::geteuid() == 0) arguments.emplace_back("--user=root");
}

}  // namespace

result<server_plan> plan_redis(const embedded_settings& embedded, const std::string& directory,
                               const std::string& sockets, redis_files_told told) {
  auto program = required_program("redis-server", "redis-server");
  if (!program) return program.failure();
  auto data = make_private_directory(redis_directory(directory));
  if (!data) return data.failure();
  server_plan plan;
  plan.name = "redis";
  plan.directory = directory;
  plan.socket = sockets + "/redis.sock";
  plan.command = {*program,
                  {"--port",
                   "0",
                   "--unixsocket",
                   plan.socket,
                   "--unixsocketperm",
                   "700",
                   "--dir",
                   *data,
                   "--appendonly",
                   "yes",
                   "--appendfsync",
                   "everysec",
                   "--save",
                   "",
                   "--daemonize",
                   "no",
                   "--maxmemory",
                   embedded.maxmemory,
                   "--maxmemory-policy",
                   "noeviction"},
                  directory + "/log/redis.log"};
  redis_files files(*data, std::move(told));
  plan.prepare = [files](const owned_fd&) { return files.prepare(); };
  plan.first_words = "Redis is starting";
  plan.mend = [files](const std::string& log) { return files.mend(log); };
  plan.answering = [socket = plan.socket] { return redis_answers(socket); };
  return plan;
}

result<server_plan> plan_mysql(const embedded_settings& embedded, const std::string& directory,
                               const std::string& sockets) {
  auto program = required_program("mariadbd", "mariadb-server");
  if (!program) return program.failure();
  auto install = required_program("mariadb-install-db", "mariadb-server");
  if (!install) return install.failure();
  server_plan plan;
  plan.name = "mysql";
  plan.directory = directory;
  plan.socket = sockets + "/mysql.sock";
  plan.patience = std::chrono::seconds(60);
  auto data = directory + "/mysql", making = directory + "/mysql.new";
  // Its own, because a MariaDB that starts removes the temporary tables that it finds, those of others too.
  auto temporary = make_private_directory(directory + "/tmp");
  if (!temporary) return temporary.failure();
  // The hash index finds the page of the last row again: deliveries, added behind each other, cost a quarter
  // less.
  plan.command = {*program,
                  {"--no-defaults",
                   "--datadir=" + data,
                   "--socket=" + plan.socket,
                   "--pid-file=" + directory + "/run/mysql.pid",
                   "--tmpdir=" + *temporary,
                   "--skip-networking",
                   "--innodb-flush-log-at-trx-commit=1",
                   "--innodb-buffer-pool-size=" + embedded.buffer_pool,
                   "--innodb-adaptive-hash-index=ON",
                   "--transaction-isolation=READ-COMMITTED",
                   "--character-set-server=utf8mb4",
                   "--local-infile=0",
                   "--max-connections=200",
                   "--max-allowed-packet=64M",
                   "--skip-log-bin",
                   "--performance-schema=OFF",
                   "--skip-name-resolve",
                   "--key-buffer-size=1M",
                   "--aria-pagecache-buffer-size=8M",
                   "--query-cache-size=0",
                   "--query-cache-type=0",
                   "--net-buffer-length=131072"},
                  directory + "/log/mysql.log"};
  add_user(plan.command.arguments);
  child_command installer{*install,
                          {"--no-defaults", "--datadir=" + making, "--auth-root-authentication-method=normal",
                           "--skip-test-db", "--skip-name-resolve", "--tmpdir=" + *temporary},
                          directory + "/log/mysql-install.log"};
  add_user(installer.arguments);
  plan.prepare = [installer, making, data](const owned_fd& alive) {
    return install_mysql(installer, making, data, alive);
  };
  plan.first_words = "Starting MariaDB";
  plan.mend = judge_mariadb_start;
  plan.answering = [socket = plan.socket] { return mysql_answers(socket); };
  return plan;
}

}  // namespace pusher
