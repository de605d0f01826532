#include "storage/embedded_stores.hpp"

#include <future>

#include "storage/embedded_server.hpp"
#include "storage/private_directory.hpp"
#include "storage/server_plans.hpp"

namespace pusher {

namespace {

constexpr std::chrono::seconds start_deadline{60};

using server_ptr = std::unique_ptr<embedded_server>;

class running_stores : public embedded_stores {
 public:
  server_ptr redis, mysql;

  ~running_stores() override {
    if (redis) redis->leave();
    if (mysql) mysql->leave();
  }
};

struct places {
  std::string directory, sockets;
};

result<places> prepare_places(const settings& settings) {
  places made;
  auto directory = make_private_directory(settings.data_directory);
  if (!directory) return directory.failure();
  if (auto ours = refuse_as_root_for_another(*directory); !ours) return ours.failure();
  made.directory = *directory;
  for (const char* name : {"/run", "/log"})
    if (auto inner = make_private_directory(made.directory + name); !inner) return inner.failure();
  auto sockets = socket_directory(made.directory);
  if (!sockets) return sockets.failure();
  made.sockets = *sockets;
  return made;
}

void use_redis(settings& settings, const server_plan& plan) {
  settings.redis.unix_socket = plan.socket;
  settings.redis.password.clear();
}

void use_mysql(settings& settings, const server_plan& plan) {
  settings.mysql.unix_socket = plan.socket;
  settings.mysql.user = "root";
  settings.mysql.password.clear();
}

}  // namespace

result<std::unique_ptr<embedded_stores>> embedded_stores::start(settings& settings, const store_notices& to) {
  auto stores = std::make_unique<running_stores>();
  const bool wants_redis = settings.embedded_redis();
  const bool wants_mysql = settings.embedded_mysql() && settings.needs_mysql();
  if (!wants_redis && !wants_mysql) return std::unique_ptr<embedded_stores>(std::move(stores));
  auto at = prepare_places(settings);
  if (!at) return at.failure();
  if (wants_redis) {
    auto plan = plan_redis(settings.embedded, at->directory, at->sockets, to.redis_starts_anew);
    if (!plan) return plan.failure();
    use_redis(settings, *plan);
    stores->redis = std::make_unique<embedded_server>(std::move(*plan));
  }
  if (wants_mysql) {
    auto plan = plan_mysql(settings.embedded, at->directory, at->sockets);
    if (!plan) return plan.failure();
    use_mysql(settings, *plan);
    stores->mysql = std::make_unique<embedded_server>(std::move(*plan));
  }
  auto deadline = std::chrono::steady_clock::now() + start_deadline;
  auto run = [deadline](embedded_server* server) { return server ? server->run(deadline) : result<void>(); };
  auto redis_running = std::async(std::launch::async, run, stores->redis.get());
  auto mysql_running = run(stores->mysql.get());
  if (auto redis = redis_running.get(); !redis) return redis.failure();
  if (!mysql_running) return mysql_running.failure();
  if (stores->redis) stores->redis->watch(to.not_started);
  if (stores->mysql) stores->mysql->watch(to.not_started);
  return std::unique_ptr<embedded_stores>(std::move(stores));
}

result<std::unique_ptr<embedded_stores>> embedded_stores::attach_or_start(settings& settings) {
  auto stores = std::make_unique<running_stores>();
  const bool wants_redis = settings.embedded_redis(), wants_mysql = settings.embedded_mysql();
  if (!wants_redis && !wants_mysql) return std::unique_ptr<embedded_stores>(std::move(stores));
  auto at = prepare_places(settings);
  if (!at) return at.failure();
  if (wants_redis) {
    auto plan = plan_redis(settings.embedded, at->directory, at->sockets, {});
    if (plan && plan->answering()) use_redis(settings, *plan);
  }
  if (wants_mysql) {
    auto plan = plan_mysql(settings.embedded, at->directory, at->sockets);
    if (!plan) return plan.failure();
    use_mysql(settings, *plan);
    stores->mysql = std::make_unique<embedded_server>(std::move(*plan));
    auto running = stores->mysql->run(std::chrono::steady_clock::now() + start_deadline);
    if (!running) return running.failure();
  }
  return std::unique_ptr<embedded_stores>(std::move(stores));
}

}  // namespace pusher
