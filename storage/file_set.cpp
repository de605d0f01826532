#include "storage/file_set.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "model/hex.hpp"
#include "storage/child_process.hpp"

namespace pusher {

namespace fs = std::filesystem;

namespace {

constexpr size_t version_bytes = 8;

error cannot(const std::string& what, const std::string& path) {
  return {errc::invalid_configuration, "Cannot " + what + " " + path + ": " + std::strerror(errno) + ".", "",
          0};
}

bool write_all(int file, const std::string& text) {
  size_t written = 0;
  while (written < text.size()) {
    auto wrote = ::write(file, text.data() + written, text.size() - written);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    written += static_cast<size_t>(wrote);
  }
  return ::fsync(file) == 0;
}

/// A name is durable only when its directory is.
bool sync_directory(const std::string& path) {
  owned_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.valid() && ::fsync(directory.get()) == 0;
}

result<void> write_new_file(const std::string& path, const std::string& text) {
  owned_fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid() || !write_all(file.get(), text)) return cannot("write", path);
  return {};
}

std::string parent_of(const std::string& path) {
  auto parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

result<void> write_whole_file(const std::string& path, const std::string& text) {
  auto draft = path + ".new";
  ::unlink(draft.c_str());
  if (auto written = write_new_file(draft, text); !written) return written;
  // Crash here => the draft is left over, and replaced next time.
  if (::rename(draft.c_str(), path.c_str()) != 0 || !sync_directory(parent_of(path)))
    return cannot("write", path);
  return {};
}

bool file_set::is_version(const std::string& text) {
  return text.size() == 2 * version_bytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string file_set::fresh_version() {
  std::array<unsigned char, version_bytes> bytes{};
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
  }
  return to_hex(bytes);
}

std::string file_set::directory_of(const std::string& version) const {
  return parent_ + "/." + name_ + "-" + version;
}

result<std::string> file_set::prepare(const named_texts& files, const std::string& version) {
  auto directory = directory_of(version);
  if (::mkdir(directory.c_str(), 0700) != 0) return cannot("make the directory", directory);
  for (const auto& [name, text] : files)
    if (auto written = write_new_file(directory + "/" + name, text); !written) return written.failure();
  if (!sync_directory(directory)) return cannot("write to", directory);
  return directory;
}

result<void> file_set::turn(const std::string& version) {
  std::error_code none;
  auto previous = fs::read_symlink(path(), none).string();
  auto target = "." + name_ + "-" + version, draft = parent_ + "/." + name_ + ".link";
  ::unlink(draft.c_str());
  if (::symlink(target.c_str(), draft.c_str()) != 0) return cannot("make the link", draft);
  // Crash here => the link still leads to the old files, and the new ones are removed next time.
  if (::rename(draft.c_str(), path().c_str()) != 0) {
    auto failure = cannot("turn the link", path());
    ::unlink(draft.c_str());
    return failure;
  }
  if (!sync_directory(parent_)) return cannot("write to", parent_);
  remove_all_but(target, previous);
  return {};
}

void file_set::remove(const std::string& version) const {
  std::error_code none;
  fs::remove_all(directory_of(version), none);
}

void file_set::remove_all_but(const std::string& current, const std::string& previous) const {
  auto prefix = "." + name_ + "-";
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent_, none)) {
    auto each = entry.path().filename().string();
    if (each == current || each == previous || each.compare(0, prefix.size(), prefix) != 0) continue;
    if (is_version(each.substr(prefix.size()))) fs::remove_all(entry.path(), none);
  }
}

result<directory_hold> directory_hold::take(const std::string& directory) {
  owned_fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return cannot("open", directory);
  while (::flock(opened.get(), LOCK_EX) != 0)
    if (errno != EINTR) return cannot("lock", directory);
  return directory_hold(opened.release());
}

directory_hold::~directory_hold() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace pusher
