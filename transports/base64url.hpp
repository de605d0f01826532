// Base64 in the alphabet of URLs, without padding (RFC 4648, section 5).
#pragma once

#include <string>
#include <string_view>

namespace pusher {

std::string to_base64url(std::string_view bytes);

}  // namespace pusher
