#include "tests/emulator/request_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pusher::emulator {

namespace {

constexpr size_t block_bytes = 256 * 1024;

}  // namespace

request_log::request_log(const std::string& path) : path_(path) {
  if (path_.empty()) return;
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  buffer_.reserve(block_bytes + 16 * 1024);
}

request_log::~request_log() {
  if (fd_ < 0) return;
  flush();
  close(fd_);
}

void request_log::append_text(std::string_view text) {
  size_t start = buffer_.size();
  buffer_ += text.empty() ? std::string_view("-") : text;
  // A target is whatever the client wrote: it must not look like another column or line.
  for (size_t i = start; i < buffer_.size(); ++i)
    if (static_cast<unsigned char>(buffer_[i]) < 0x20) buffer_[i] = '?';
  buffer_ += '\t';
}

void request_log::append_number(int64_t number) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  buffer_.append(digits, end);
}

void request_log::add(const log_entry& entry) {
  if (fd_ < 0) return;
  if (buffer_.empty()) oldest_us_ = entry.received_us;
  append_number(entry.received_us);
  buffer_ += '\t';
  append_number(entry.status);
  buffer_ += '\t';
  append_text(entry.target);
  append_text(entry.correlation);
  append_text(entry.code);
  append_number(static_cast<int64_t>(entry.connection));
  buffer_ += '\t';
  append_number(entry.stream);
  buffer_ += '\t';
  buffer_ += entry.gateway;
  buffer_ += '\n';
  if (buffer_.size() >= block_bytes) flush();
}

void request_log::flush_when_due(int64_t now_us) {
  bool clock_went_back = now_us < oldest_us_;
  if (!buffer_.empty() && (clock_went_back || now_us - oldest_us_ >= longest_wait_us)) flush();
}

void request_log::flush() {
  const char* from = buffer_.data();
  size_t left = buffer_.size();
  while (left > 0) {
    ssize_t written = write(fd_, from, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      std::fprintf(stderr, "gateway-emulator: cannot write the log: %s\n", std::strerror(errno));
      std::_Exit(1);
    }
    from += written;
    left -= static_cast<size_t>(written);
  }
  buffer_.clear();
}

}  // namespace pusher::emulator
