// The result lines of an import.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/exchange.hpp"
#include "model/error.hpp"

namespace pusher::http {

/// `{"line":7,"status":201,"device_id":"a"}`
void append_stored(std::string& lines, uint64_t line, bool created, std::string_view device_id);
/// `{"line":7,"status":400,"device_id":"a","code":...,"detail":...,"pointer":...}`; an empty device_id is
/// left out.
void append_failed(std::string& lines, uint64_t line, int status, std::string_view device_id,
                   const error& why);

/// Calls `visit(line_number, text)` for each line that is not blank.
template <class Visit>
void for_each_line(std::string_view text, uint64_t first_line, const Visit& visit) {
  for (auto number = first_line; !text.empty(); ++number) {
    auto newline = text.find('\n');
    auto line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) visit(number, line);
  }
}

}  // namespace pusher::http
