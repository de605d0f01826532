// Base64 in the alphabet of URLs, without padding (RFC 4648, section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pusher {

std::string to_base64url(std::string_view bytes);
/// Padding may be there or not; the plain alphabet (+ and /) is understood too. Nothing when it is neither.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace pusher
