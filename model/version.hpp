// Versions of apps: numbers with dots, ordered as Semantic Versioning 2.0.0 orders them (semver.org, section
// 11).
#pragma once

#include <string_view>

namespace pusher {

/// Whether the text is a version: an optional `v`, numbers with dots between them, an optional `-` and
/// pre-release, an optional `+` and build metadata. Any count of numbers; leading zeros are fine.
bool is_version(std::string_view text);

/// Negative, 0 or positive; both must be versions. Missing numbers count as 0, build metadata does not count.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace pusher
