// The append-only file that says what arrived and what was answered: the oracle of tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pusher::emulator {

/// What one push became. Views are copied at once.
struct log_entry {
  int64_t received_us = 0;  ///< since the epoch
  int status = 0;           ///< 0 = no HTTP answer
  std::string_view target;
  std::string_view correlation;
  std::string_view code;
  uint64_t connection = 0;
  int32_t stream = 0;
  std::string_view gateway;
};

/// Gathers lines and writes them in big blocks. The owner calls `flush_when_due` at least every
/// `longest_wait_us`; a reader of the file that must not be behind asks for a flush first. Ends the process when
/// the disk refuses: an oracle with holes is worse than none.
class request_log {
 public:
  static constexpr int64_t longest_wait_us = 50'000;

  /// An empty path means that nothing is kept.
  explicit request_log(const std::string& path);
  ~request_log();
  request_log(const request_log&) = delete;
  request_log& operator=(const request_log&) = delete;

  bool ok() const { return path_.empty() || fd_ >= 0; }
  void add(const log_entry& entry);
  void flush_when_due(int64_t now_us);
  void flush();
  bool pending() const { return !buffer_.empty(); }

 private:
  void append_text(std::string_view text);
  void append_number(int64_t number);

  std::string path_;
  int fd_ = -1;
  std::string buffer_;
  int64_t oldest_us_ = 0;
};

}  // namespace pusher::emulator
