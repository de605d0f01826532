// Paths of requests: segments, percent-decoding, patterns.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pusher::http {

/// Percent-decoded text; nothing when an escape is broken. `+` stays a plus except in queries.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space = false);

/// Matches a path against a pattern such as `/v1/devices/{}` or `/v1/notifications/{}:launch`. A `{}` takes
/// one non-empty segment, decoded. Gives what the `{}` took, or nothing when the path is another.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path);

}  // namespace pusher::http
