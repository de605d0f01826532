#include "actors/inspect/terminal_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pusher::screen {

namespace {

constexpr uint32_t no_character = 0xFFFFFFFF;

/// Takes the next character off the text; no_character, and one byte, where it is no UTF-8.
uint32_t take(std::string_view& text) {
  auto first = static_cast<unsigned char>(text.front());
  size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  uint32_t made = length == 1 ? first : first & (0xFFU >> (length + 1));
  bool good = length > 0 && first <= 0xF4 && length <= text.size();
  for (size_t i = 1; good && i < length; ++i) {
    auto next = static_cast<unsigned char>(text[i]);
    good = (next & 0xC0) == 0x80;
    made = made << 6 | (next & 0x3F);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  good = good && made >= least[length] && made <= 0x10FFFF && (made < 0xD800 || made > 0xDFFF);
  text.remove_prefix(good ? length : 1);
  return good ? made : no_character;
}

/// What a terminal obeys, hides, or lets turn the direction of what follows.
bool steers(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

size_t width_of(uint32_t c) {
  if ((c >= 0x300 && c <= 0x36F) || (c >= 0xFE00 && c <= 0xFE0F)) return 0;
  bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
              (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
              (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || c >= 0x20000;
  return wide ? 2 : 1;
}

const char* sequence_of(tone how) {
  switch (how) {
    case tone::good:
      return "\033[32m";
    case tone::warning:
      return "\033[33m";
    case tone::bad:
      return "\033[31m";
    case tone::faint:
      return "\033[2m";
    case tone::strong:
      return "\033[1m";
    case tone::plain:
      return "";
  }
  return "";
}

}  // namespace

std::string legible(std::string_view text) {
  std::string made;
  for (auto rest = text; !rest.empty();) {
    auto before = rest;
    auto c = take(rest);
    if (c == '\n' || c == '\r' || c == '\t')
      made += ' ';
    else if (c == no_character || steers(c))
      made += '?';
    else
      made += before.substr(0, before.size() - rest.size());
  }
  return made;
}

std::string valid_utf8(std::string text) {
  for (std::string_view rest = text; !rest.empty();) {
    auto at = text.size() - rest.size();
    if (take(rest) == no_character) text[at] = '?';
  }
  return text;
}

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  while (!text.empty())
    columns += width_of(take(text));
  return columns;
}

std::string cut_to(std::string_view text, size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  std::string made;
  size_t used = 0;
  for (auto rest = text; !rest.empty();) {
    auto before = rest;
    auto width = width_of(take(rest));
    if (used + width + 1 > columns) break;
    used += width;
    made += before.substr(0, before.size() - rest.size());
  }
  return columns == 0 ? made : made + "…";
}

std::string wrapped(std::string_view text, size_t columns, size_t indent) {
  std::string made;
  size_t used = 0;
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    auto word = text.substr(0, end);
    auto width = columns_of(word);
    if (used > 0 && used + 1 + width > columns) {
      made += "\n" + std::string(indent, ' ');
      used = indent;
    } else if (used > 0) {
      made += ' ';
      ++used;
    }
    made += word;
    used += width;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return made;
}

std::string toned(std::string_view text, tone how, bool colours) {
  if (!colours || how == tone::plain) return std::string(text);
  return sequence_of(how) + std::string(text) + "\033[0m";
}

void table::row(std::vector<cell> cells) {
  cells.resize(columns_.size(), "");
  for (size_t i = 0; i < columns_.size(); ++i) {
    cells[i].text = legible(cells[i].text);
    if (columns_[i].most > 0) cells[i].text = cut_to(cells[i].text, columns_[i].most);
  }
  rows_.push_back(std::move(cells));
}

std::string table::text(bool colours) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(columns_of(columns_[i].title));
    for (const auto& row : rows_)
      widths[i] = std::max(widths[i], columns_of(row[i].text));
  }
  std::string made;
  auto line = [&](const std::vector<cell>& cells) {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string space(widths[i] - columns_of(cells[i].text), ' ');
      auto shown = toned(cells[i].text, cells[i].how, colours);
      bool last = i + 1 == cells.size();
      text += columns_[i].number ? space + shown : shown + (last ? "" : space);
      if (!last) text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    made += text + "\n";
  };
  std::vector<cell> head;
  for (const auto& each : columns_)
    head.emplace_back(each.title, tone::strong);
  line(head);
  for (const auto& row : rows_)
    line(row);
  return made;
}

std::string duration_text(uint64_t milliseconds) {
  auto seconds = milliseconds / 1000;
  if (milliseconds < 10'000) return fmt::format("{}.{} s", seconds, milliseconds % 1000 / 100);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{}d{:02}h", seconds / 86'400, seconds % 86'400 / 3600);
}

std::string count_text(uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = text.size(); at > 3; at -= 3)
    text.insert(at - 3, ",");
  return text;
}

std::string size_text(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{} KiB", bytes / 1024);
  return fmt::format("{} MiB", bytes / (1024 * 1024));
}

std::string rate_text(double per_second) {
  if (per_second < 0.05) return "0";
  if (per_second < 10) return fmt::format("{:.1f}", per_second);
  return count_text(static_cast<uint64_t>(per_second + 0.5));
}

}  // namespace pusher::screen
