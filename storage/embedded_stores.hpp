// Private redis-server and mariadbd as child processes on unix sockets in the data directory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "conf/settings.hpp"
#include "model/result.hpp"
#include "storage/redis_files.hpp"

namespace pusher {

/// The lock of a data directory; held by the one node that works in it. Freed by the kernel when the process
/// ends.
class data_directory {
 public:
  /// Makes the directory (0700) if needed and locks it. Errors: already_running (naming the pid),
  /// invalid_configuration.
  static result<data_directory> open(const std::string& path);
  /// Whether a process that is alive works there, as far as its file tells. Touches nothing.
  static bool is_in_use(const std::string& path);
  data_directory(data_directory&&) noexcept;
  data_directory& operator=(data_directory&&) noexcept;
  ~data_directory();

  const std::string& path() const { return path_; }
  /// The boot id that the previous holder wrote, empty when there was none. Used to take over its claims at
  /// once.
  const std::string& predecessor() const { return predecessor_; }
  /// Writes our own boot id for our successor.
  result<void> announce(const std::string& boot_id);

 private:
  data_directory(std::string path, int fd, std::string predecessor);
  std::string path_;
  int fd_ = -1;
  std::string predecessor_;
};

/// What operators are to know of the embedded stores; told on any thread.
struct store_notices {
  redis_files_told redis_starts_anew;
  std::function<void(const error&)> not_started;  ///< a store that died cannot be started; it is tried again
};

/// Starts what the settings leave to us, finds again what survived a predecessor's crash, restarts what dies,
/// and stops it all at the end. Thread-safe.
class embedded_stores {
 public:
  /// Starts the stores that `settings` does not name a host for, waits until they answer (at most 60 s) and
  /// writes their sockets into `settings.redis.unix_socket` and `settings.mysql.unix_socket` (user root, no
  /// password).
  static result<std::unique_ptr<embedded_stores>> start(settings& settings, const store_notices& to = {});
  /// For commands beside a running node: uses its stores if they answer, else starts MariaDB for the
  /// command's duration.
  static result<std::unique_ptr<embedded_stores>> attach_or_start(settings& settings);
  virtual ~embedded_stores() = default;  ///< stops what it started, cleanly; MariaDB last
};

}  // namespace pusher
