#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "storage/child_process.hpp"
#include "storage/embedded_stores.hpp"
#include "storage/private_directory.hpp"

namespace pusher {

namespace {

std::string first_line(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

error in_use(const std::string& directory, const std::string& pid) {
  return {errc::already_running,
          "The data directory " + directory + " is in use by process " + (pid.empty() ? "(unknown)" : pid) +
              "; stop it or set another [data] directory",
          "", 0};
}

}  // namespace

data_directory::data_directory(std::string path, int fd, std::string predecessor)
    : path_(std::move(path)), fd_(fd), predecessor_(std::move(predecessor)) {}

data_directory::data_directory(data_directory&& other) noexcept
    : path_(std::move(other.path_)), fd_(other.fd_), predecessor_(std::move(other.predecessor_)) {
  other.fd_ = -1;
}

data_directory& data_directory::operator=(data_directory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(predecessor_, other.predecessor_);
  return *this;
}

data_directory::~data_directory() {
  if (fd_ >= 0) ::close(fd_);
}

result<data_directory> data_directory::open(const std::string& path) {
  auto made = make_private_directory(path);
  if (!made) return made.failure();
  if (auto ours = refuse_as_root_for_another(*made); !ours) return ours.failure();
  auto lock = open_lock_file(*made + "/node.lock");
  if (!lock) return lock.failure();
  if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) return in_use(*made, first_line(*made + "/node.lock"));
  auto pid = std::to_string(::getpid()) + "\n";
  bool written = ::ftruncate(lock->get(), 0) == 0 &&
                 ::pwrite(lock->get(), pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written)
    return error{errc::invalid_configuration, "Cannot write to " + *made + ": " + std::strerror(errno), "",
                 0};
  auto predecessor = first_line(*made + "/boot_id");
  return data_directory(std::move(*made), lock->release(), std::move(predecessor));
}

bool data_directory::is_in_use(const std::string& path) {
  auto pid = std::strtol(first_line(path + "/node.lock").c_str(), nullptr, 10);
  return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

result<void> data_directory::announce(const std::string& boot_id) {
  auto name = path_ + "/boot_id";
  std::ofstream out(name + ".new", std::ios::trunc);
  out << boot_id << "\n";
  out.close();
  if (!out || std::rename((name + ".new").c_str(), name.c_str()) != 0)
    return error{errc::invalid_configuration, "Cannot write " + name + ": " + std::strerror(errno), "", 0};
  return {};
}

}  // namespace pusher
