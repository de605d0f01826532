// Text for terminals: aligned, coloured where wanted, and nothing that comes from elsewhere can steer one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pusher::screen {

/// In one line and without anything that a terminal obeys or hides: control characters, escape sequences,
/// what turns the direction of writing and what is no UTF-8 become '?'.
std::string legible(std::string_view text);
/// The same for a whole document: bytes that are no UTF-8 become '?', all else stays.
std::string valid_utf8(std::string text);

/// How many columns a legible text takes.
size_t columns_of(std::string_view text);
/// Its beginning, with an ellipsis when something is cut off.
std::string cut_to(std::string_view text, size_t columns);
/// In lines of at most so many columns, the later ones indented.
std::string wrapped(std::string_view text, size_t columns, size_t indent);

enum class tone : uint8_t { plain, good, warning, bad, faint, strong };
/// `text` stands between the tone's escape sequences, or alone without colours.
std::string toned(std::string_view text, tone how, bool colours);

struct cell {
  cell(std::string said, tone with = tone::plain) : text(std::move(said)), how(with) {}
  cell(const char* said, tone with = tone::plain) : text(said), how(with) {}

  std::string text;
  tone how;
};

struct column {
  const char* title;
  bool number = false;  ///< stands to the right
  size_t most = 0;      ///< columns; longer texts are cut. 0 = as long as it is
};

/// A head and rows, each column as wide as its widest cell.
class table {
 public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}
  void row(std::vector<cell> cells);
  bool empty() const { return rows_.empty(); }
  std::string text(bool colours) const;

 private:
  std::vector<column> columns_;
  std::vector<std::vector<cell>> rows_;
};

/// `0.4 s`, `12 s`, `3m12s`, `2h05m`, `4d03h`.
std::string duration_text(uint64_t milliseconds);
/// `1,234,567`.
std::string count_text(uint64_t number);
/// `850 B`, `12 KiB`, `45 MiB`.
std::string size_text(uint64_t bytes);
/// `0`, `0.3`, `12`, `1,234`; of something a second.
std::string rate_text(double per_second);

}  // namespace pusher::screen
