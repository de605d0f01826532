#include "storage/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace pusher {

namespace {

constexpr int kept_descriptor = 3;
constexpr off_t log_rotation_bytes = 8 * 1024 * 1024;

struct spawn_settings {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  spawn_settings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~spawn_settings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;
};

/// Keeps one former log, so that logs cannot fill the disk over many restarts.
void rotate(const std::string& log_file) {
  struct stat facts {};
  if (::stat(log_file.c_str(), &facts) == 0 && facts.st_size > log_rotation_bytes)
    (void)std::rename(log_file.c_str(), (log_file + ".old").c_str());
}

/// Signals as a fresh process has them: we may ignore or block some, which children would inherit.
void reset_signals(posix_spawnattr_t& attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

}  // namespace

owned_fd& owned_fd::operator=(owned_fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int owned_fd::release() {
  return std::exchange(fd_, -1);
}

void owned_fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

result<pid_t> spawn(const child_command& command, const owned_fd& kept) {
  rotate(command.log_file);
  spawn_settings how;
  reset_signals(how.attributes);
  posix_spawn_file_actions_addopen(&how.files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&how.files, 1, command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&how.files, 1, 2);
  posix_spawn_file_actions_adddup2(&how.files, kept.get(), kept_descriptor);
  posix_spawn_file_actions_addclosefrom_np(&how.files, kept_descriptor + 1);

  std::vector<std::string> words{command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);

  pid_t pid = 0;
  int fault =
      posix_spawn(&pid, command.program.c_str(), &how.files, &how.attributes, pointers.data(), environ);
  if (fault != 0)
    return error{errc::store_unavailable, "Cannot start " + command.program + ": " + std::strerror(fault), "",
                 0};
  return pid;
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream places(std::string(path ? path : "/usr/bin:/bin") + ":/usr/sbin:/usr/local/sbin:/sbin");
  for (std::string place; std::getline(places, place, ':');) {
    auto candidate = place + "/" + name;
    struct stat facts {};
    if (place.rfind('/', 0) == 0 && ::stat(candidate.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
        ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return {};
}

std::string last_lines(const std::string& file, size_t most_bytes) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  auto size = static_cast<size_t>(in.tellg());
  auto length = size < most_bytes ? size : most_bytes;
  std::string text(length, '\0');
  in.seekg(static_cast<std::streamoff>(size - length));
  in.read(text.data(), static_cast<std::streamsize>(length));
  text.resize(static_cast<size_t>(in.gcount()));
  if (auto cut = text.find('\n'); length < size && cut != std::string::npos) text.erase(0, cut + 1);
  return text;
}

result<owned_fd> open_lock_file(const std::string& path) {
  owned_fd opened(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!opened.valid())
    return error{errc::invalid_configuration, "Cannot open " + path + ": " + std::strerror(errno), "", 0};
  // Standard descriptors may be closed in us; a lock file must not take their numbers, which children reuse.
  if (opened.get() > 2) return opened;
  owned_fd moved(::fcntl(opened.get(), F_DUPFD_CLOEXEC, 3));
  return moved;
}

}  // namespace pusher
