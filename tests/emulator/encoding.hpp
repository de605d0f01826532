// base64url, hexadecimal and form encoding, all strict.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pusher::emulator {

std::string base64url(std::string_view bytes);

/// Without padding, as in a JWT. Nothing when a character does not belong.
std::optional<std::string> from_base64url(std::string_view text);

/// Pairs of hexadecimal digits in either case. Nothing when a character does not belong.
std::optional<std::string> from_hex(std::string_view text);

/// The fields of an application/x-www-form-urlencoded body. Nothing when malformed or a name comes twice.
std::optional<std::map<std::string, std::string>> parse_form(std::string_view body);

}  // namespace pusher::emulator
