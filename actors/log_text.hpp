// How a value stands in a line of the log.
#pragma once

#include <string>
#include <string_view>

namespace pusher::log {

/// Appends the text as it may stand between the quotes of a JSON string, on one line of any terminal: quotes,
/// control characters (C0 and C1, so no escape sequence), line separators and marks that turn the direction
/// of writing are written as escapes; bytes that are no UTF-8 become U+FFFD.
void append_escaped(std::string& to, std::string_view text);

}  // namespace pusher::log
