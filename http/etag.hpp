// Entity tags: which version of a resource a client has seen, and what its If-Match and If-None-Match ask
// for.
//
// A tag is `"VERSION.HASH"`. The version changes with every change that a client makes, the hash with every
// other representation: counts of a notification move on while its version stays. If-Match means the version,
// so that a change made in the meantime is noticed and a push sent in the meantime is not; If-None-Match
// means both.
#pragma once

#include <string>
#include <string_view>

#include "http/exchange.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// Puts the tag on an answer that shows the resource. When it answers a GET whose If-None-Match has the tag,
/// it becomes 304 without a body. `version`: letters, digits and `-`.
response tagged(response made, const request& asked, std::string_view version);
/// The same with a tag that was made before, by tag_of().
response tagged_as(const std::string& tag, response made, const request& asked);
std::string tag_of(std::string_view version, std::string_view body);

/// Whether the request may change the resource that is at `version` now. Errors: precondition_failed.
result<void> may_change(const request& asked, std::string_view version);
/// Whether it may make a resource that is not there. Errors: precondition_failed.
result<void> may_create(const request& asked);

/// What gzip does to a tag: other bytes, another tag. Both mean the same version.
std::string gzipped_tag(const std::string& tag);

/// The version of what has no number of its own: a hash of what clients may change.
std::string version_of(std::string_view content);

}  // namespace pusher::http
