// Small questions about bytes that came over HTTP: percent-encoding, UTF-8, tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pusher::http {

/// Undoes percent-encoding; nothing when a `%` is not followed by two hex digits. With `form`, `+` is a
/// space.
std::optional<std::string> percent_decode(std::string_view text, bool form = false);

/// Whether the text is UTF-8 without control characters (C0 and DEL).
bool is_plain_text(std::string_view text);

/// Whether every byte is a visible ASCII character (no space).
bool is_visible_ascii(std::string_view text);

std::string to_lower(std::string_view text);

/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

/// Whether a comma-separated header value lists this lower-case token.
bool lists_token(std::string_view value, std::string_view token);

}  // namespace pusher::http
