#include "http/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace pusher::http {

namespace {

constexpr size_t piece_bytes = 64 * 1024;

int open_nameless_file() {
  const char* directory = std::getenv("TMPDIR");
  return open(directory != nullptr && *directory != '\0' ? directory : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
              0600);
}

}  // namespace

spool::~spool() {
  if (file_ >= 0) close(file_);
}

bool spool::push(std::string_view bytes) {
  bool file_in_use = read_at_ != write_at_;
  if (file_in_use || memory_.size() - popped_ + bytes.size() > most_in_memory) return push_to_file(bytes);
  memory_.erase(0, std::exchange(popped_, 0));
  memory_.append(bytes);
  return true;
}

bool spool::push_to_file(std::string_view bytes) {
  if (write_at_ - read_at_ + bytes.size() > most_in_file) return false;
  if (file_ < 0) file_ = open_nameless_file();
  if (file_ < 0) return false;
  auto at = write_at_;
  for (auto rest = bytes; !rest.empty();) {
    auto count = pwrite(file_, rest.data(), rest.size(), static_cast<off_t>(at));
    if (count <= 0) return false;
    rest.remove_prefix(static_cast<size_t>(count));
    at += static_cast<uint64_t>(count);
  }
  write_at_ = at;
  return true;
}

std::string_view spool::front() {
  if (popped_ == memory_.size() && read_at_ != write_at_) {
    memory_.resize(static_cast<size_t>(std::min<uint64_t>(piece_bytes, write_at_ - read_at_)));
    popped_ = 0;
    auto count = pread(file_, memory_.data(), memory_.size(), static_cast<off_t>(read_at_));
    memory_.resize(count > 0 ? static_cast<size_t>(count) : 0);
    read_at_ += memory_.size();
    if (read_at_ == write_at_) {
      read_at_ = write_at_ = 0;
      if (ftruncate(file_, 0) != 0) return {};
    }
  }
  return std::string_view(memory_).substr(popped_, piece_bytes);
}

void spool::pop(size_t count) {
  popped_ += count;
  if (popped_ == memory_.size()) memory_.clear(), popped_ = 0;
}

}  // namespace pusher::http
