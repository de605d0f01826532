// Which path is meant: patterns of segments.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pusher::http {

/// Matches a path against a pattern such as `/v1/devices/{device_id}` or `/v1/notifications/{id}:launch`. A
/// name in braces takes one non-empty segment, decoded. Gives what they took, or nothing when the path is
/// another.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path);

}  // namespace pusher::http
