// Standard error as a sink that never makes a writer wait: a line that whoever reads it does not take at
// once, or that the disk has no room for, is lost and counted.
#pragma once

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <string>

#include <spdlog/sinks/base_sink.h>

namespace pusher::log {

class patient_stderr final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    // After a line that broke off the next one begins anew, so that one event stays one line.
    std::string text = torn_ ? "\n" : "";
    text.append(message.payload.data(), message.payload.size());
    text += '\n';
    auto written = write(text);
    if (written == text.size()) {
      torn_ = false;
      return;
    }
    torn_ = torn_ || written > 0;
    lost_.fetch_add(1, std::memory_order_relaxed);
  }
  void flush_() override {}

 private:
  /// A pipe that is ready takes at least PIPE_BUF bytes without waiting.
  static size_t write(const std::string& text) {
    size_t done = 0;
    while (done < text.size()) {
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) break;
      auto wrote = ::write(STDERR_FILENO, text.data() + done, std::min<size_t>(text.size() - done, PIPE_BUF));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) break;
      done += static_cast<size_t>(wrote);
    }
    return done;
  }

  bool torn_ = false;  ///< what stands there last has no end
  std::atomic<uint64_t> lost_{0};
};

}  // namespace pusher::log
