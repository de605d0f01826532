#include "http/import_lines.hpp"

#include <utility>

#include "model/limits.hpp"

namespace pusher::http {

void import_lines::take(std::string_view& input) {
  while (!input.empty() && !full()) {
    auto newline = input.find('\n');
    add(input.substr(0, newline));
    if (newline == std::string_view::npos) {
      input = {};
      return;
    }
    input.remove_prefix(newline + 1);
    end_line();
  }
}

void import_lines::end() {
  if (cutting_ || chunk_.text.size() > line_at_) end_line();
}

void import_lines::add(std::string_view bytes) {
  if (cutting_) return;
  if (chunk_.text.size() - line_at_ + bytes.size() <= limits::import_line_bytes) {
    chunk_.text.append(bytes);
    return;
  }
  chunk_.text.resize(line_at_);
  cutting_ = true;
}

void import_lines::end_line() {
  ++chunk_lines_;
  if (cutting_)
    overlong_ = true;
  else
    chunk_.text += '\n';
  line_at_ = chunk_.text.size();
  cutting_ = false;
}

import_lines::chunk import_lines::take_chunk() {
  auto next = next_line();
  if (overlong_) chunk_.overlong_line = next - 1;
  // An unfinished line stays for the next chunk.
  auto rest = chunk_.text.substr(line_at_);
  chunk_.text.resize(line_at_);
  auto taken = std::exchange(chunk_, {next, std::move(rest), 0});
  chunk_lines_ = 0;
  line_at_ = 0;
  overlong_ = false;
  return taken;
}

}  // namespace pusher::http
