// Child processes that may outlive us: a session of their own, nothing inherited but what is passed on.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "model/result.hpp"

namespace pusher {

/// A file descriptor that closes itself.
class owned_fd {
 public:
  owned_fd() = default;
  explicit owned_fd(int fd) : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(other.release()) {}
  owned_fd& operator=(owned_fd&& other) noexcept;
  ~owned_fd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

struct child_command {
  std::string program;  ///< absolute path
  std::vector<std::string> arguments;
  std::string log_file;  ///< receives standard output and error
};

/// Starts a process in its own session, so that a terminal's Ctrl-C does not reach it. It inherits `kept` as
/// its descriptor 3 and no other; a lock on it therefore lasts exactly as long as the process and its
/// children do.
result<pid_t> spawn(const child_command& command, const owned_fd& kept);

/// The absolute path of an executable in PATH or the system's sbin directories; empty when there is none.
std::string find_program(const std::string& name);

/// The end of a text file, at most so many bytes, from the start of a line.
std::string last_lines(const std::string& file, size_t most_bytes);

/// Opens or creates a lock file (0600). Errors: invalid_configuration.
result<owned_fd> open_lock_file(const std::string& path);

}  // namespace pusher
