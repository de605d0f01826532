// One private server process: started, found again, watched, and stopped by the last of its users.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "storage/child_process.hpp"

namespace pusher {

/// What differs between the servers.
struct server_plan {
  std::string name;                   ///< `redis` or `mysql`; names its files
  std::string directory;              ///< the data directory of the node
  std::string socket;                 ///< where it listens
  child_command command;              ///< how it starts
  std::chrono::seconds patience{20};  ///< after SIGTERM, until it is killed
  /// Done before each start, while nobody else can start it. The process that it may start must inherit
  /// `alive`.
  std::function<result<void>(const owned_fd& alive)> prepare;
  /// How the server's log says that it starts: what follows the last of these is of the last start.
  std::string first_words;
  /// Asked when it ended before it answered, with what it said since it started, while nobody else can start
  /// it: whether it is worth another start, because something was done about it. An error says what a person
  /// is to do.
  std::function<result<bool>(const std::string& log)> mend;
  /// The process that answers at the socket, if one does.
  std::function<std::optional<pid_t>()> answering;
};

/// Two lock files say what is so, whoever crashed when:
/// `run/<name>.alive` is held by the server process itself, through an inherited descriptor, as long as it
/// lives; `run/<name>.users` is held, shared, by every process that uses the server; the last one to leave
/// stops it. Thread-safe after run().
class embedded_server {
 public:
  explicit embedded_server(server_plan plan);
  ~embedded_server();
  embedded_server(const embedded_server&) = delete;
  embedded_server& operator=(const embedded_server&) = delete;

  /// Finds or starts the server and waits until it answers. Errors: store_unavailable with the end of its
  /// log.
  result<void> run(std::chrono::steady_clock::time_point deadline);
  /// Starts it again, from a thread of its own, whenever it dies. `not_started` is told the first time that
  /// this fails, and goes on trying.
  void watch(std::function<void(const error&)> not_started);
  /// Stops watching; stops the server unless another process uses it.
  void leave();

 private:
  using clock = std::chrono::steady_clock;

  result<void> bring_up(clock::time_point deadline);
  result<void> start(const owned_fd& alive);
  /// The lock of life when no server has it: the server is dead, and whoever holds this may start it.
  result<owned_fd> seize_life();
  /// After a start that failed: something was done about that.
  result<void> mend();
  bool dead();
  void reap();
  void watch_loop(const std::function<void(const error&)>& not_started);
  bool pause(std::chrono::milliseconds duration);
  bool stopping();
  void stop_process();
  error failure(const std::string& what) const;

  server_plan plan_;
  owned_fd users_;
  pid_t child_ = 0;  ///< what we started and have not reaped; else 0
  std::thread watcher_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
};

}  // namespace pusher
