// A notification's draft as the JSON documents that its row keeps.
#pragma once

#include <string>
#include <string_view>

#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

/// Content, platform overrides, collapse key, duplicates, and the trace of who launched it. What a query
/// looks at has columns of its own.
std::string encode_draft(const notification_draft& draft);
/// Fills those fields of `draft`. Errors: corrupt_data.
result<void> decode_draft(std::string_view text, notification_draft& draft);

std::string encode_audience(const audience& value);
/// Errors: corrupt_data.
result<audience> decode_audience(std::string_view text);

}  // namespace pusher
