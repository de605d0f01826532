#include "storage/draft_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace pusher {

namespace fs = std::filesystem;

namespace {

error cannot(const std::string& what, const std::string& path) {
  return {errc::internal, "Cannot " + what + " " + path + ": " + std::strerror(errno) + ".", "", 0};
}

error refused(const std::string& why) {
  return {errc::invalid_configuration, why, "", 0};
}

result<fs::path> free_place(const std::string& given) {
  std::error_code fault;
  auto place = fs::absolute(given, fault).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  auto parent = fs::canonical(place.parent_path(), fault);
  if (fault || !fs::is_directory(parent, fault))
    return refused("There is no directory " + place.parent_path().string() + " to make " +
                   place.filename().string() + " in; make it first, or give another place.");
  place = parent / place.filename();
  struct stat there {
  }, around{};
  if (::lstat(place.c_str(), &there) != 0) return place;
  if (!S_ISDIR(there.st_mode) || !fs::is_empty(place, fault) || fault)
    return refused(place.string() +
                   " exists and is not an empty directory; nothing was touched. Give a new place.");
  // A rename cannot replace it.
  if (::stat(parent.c_str(), &around) == 0 && around.st_dev != there.st_dev)
    return refused(place.string() + " is where a file system is mounted; give a directory inside it.");
  return place;
}

error busy(const std::string& place) {
  return {errc::already_running,
          "Another process is writing " + place + "; wait for it, or give another place.", "", 0};
}

/// The lock on the directory that has this name now, invalid when another process holds it.
owned_fd lock_directory(const std::string& path) {
  owned_fd opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid() || ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) return {};
  struct stat locked {
  }, named{};
  bool same = ::fstat(opened.get(), &locked) == 0 && ::lstat(path.c_str(), &named) == 0 &&
              locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
  return same ? std::move(opened) : owned_fd();
}

}  // namespace

draft_directory::draft_directory(std::string place, std::string path, owned_fd lock)
    : place_(std::move(place)), path_(std::move(path)), lock_(std::move(lock)) {}

draft_directory::draft_directory(draft_directory&& other) noexcept
    : place_(std::move(other.place_)),
      path_(std::move(other.path_)),
      lock_(std::move(other.lock_)),
      ours_(std::exchange(other.ours_, false)) {}

draft_directory::~draft_directory() {
  remove();
}

void draft_directory::remove() {
  std::error_code none;
  if (std::exchange(ours_, false)) fs::remove_all(path_, none);
}

result<draft_directory> draft_directory::make(const std::string& given) {
  auto place = free_place(given);
  if (!place) return place.failure();
  auto path = (place->parent_path() / ("." + place->filename().string() + ".unfinished")).string();
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno != EEXIST) return cannot("make the directory", path);
    auto left = lock_directory(path);
    if (!left.valid()) return busy(place->string());
    std::error_code fault;
    fs::remove_all(path, fault);
    if (::mkdir(path.c_str(), 0700) != 0) return cannot("make the directory", path);
  }
  auto lock = lock_directory(path);
  if (!lock.valid()) return busy(place->string());
  return draft_directory(place->string(), path, std::move(lock));
}

result<void> draft_directory::finish() {
  // Crash before the rename => there is nothing at the place, and the next attempt removes this one.
  if (::syncfs(lock_.get()) != 0) return cannot("write", path_);
  if (::rename(path_.c_str(), place_.c_str()) != 0) return cannot("make", place_);
  ours_ = false;
  owned_fd parent(::open(fs::path(place_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid() || ::fsync(parent.get()) != 0) return cannot("write", place_);
  return {};
}

}  // namespace pusher
