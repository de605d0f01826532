// Cuts NDJSON into chunks of whole lines with flat memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pusher::http {

class import_lines {
 public:
  /// Some whole lines of the input, ready to be stored together.
  struct chunk {
    uint64_t first_line = 1;     ///< lines count from 1; blank ones count too
    std::string text;            ///< each line with its newline
    uint64_t overlong_line = 0;  ///< the line behind them when it was too long and is not in `text`; else 0
  };

  /// Takes from the front of `input`, all of it or until a chunk is full.
  void take(std::string_view& input);
  /// The input is complete: what is left is the last line, newline or not.
  void end();
  bool full() const { return overlong_ || chunk_lines_ >= most_lines || chunk_.text.size() >= most_bytes; }
  bool has_lines() const { return chunk_lines_ > 0; }
  chunk take_chunk();
  /// The number that the next whole line will bear.
  uint64_t next_line() const { return chunk_.first_line + chunk_lines_; }

  static constexpr size_t most_lines = 1000;
  static constexpr size_t most_bytes = 1024 * 1024;

 private:
  void add(std::string_view bytes);
  void end_line();

  chunk chunk_;
  uint64_t chunk_lines_ = 0;
  size_t line_at_ = 0;     ///< where the unfinished line begins in chunk_.text
  bool cutting_ = false;   ///< the unfinished line is too long already
  bool overlong_ = false;  ///< the chunk ends with a line that was too long
};

}  // namespace pusher::http
