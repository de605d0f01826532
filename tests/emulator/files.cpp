#include "tests/emulator/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pusher::emulator {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool write_file(const std::string& path, const std::string& text, mode_t mode) {
  std::string draft = path + ".new";
  unlink(draft.c_str());
  int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return false;
  bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written && std::rename(draft.c_str(), path.c_str()) == 0;
}

bool make_directories(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  return !failure;
}

}  // namespace pusher::emulator
