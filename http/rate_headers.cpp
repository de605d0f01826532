#include "http/rate_headers.hpp"

#include <string>

#include "http/text.hpp"

namespace pusher::http {

void add_rate_headers(response& to, const rate_reading& rate, utc_ms now) {
  auto limit = std::to_string(rate.limit), remaining = std::to_string(rate.remaining);
  to.headers.emplace_back("RateLimit-Policy", "\"key\";q=" + limit + ";w=1");
  to.headers.emplace_back("RateLimit", "\"key\";r=" + remaining + ";t=" + std::to_string(rate.reset_seconds));
  to.headers.emplace_back("X-RateLimit-Limit", limit);
  to.headers.emplace_back("X-RateLimit-Remaining", remaining);
  to.headers.emplace_back("X-RateLimit-Reset", std::to_string(now / 1000 + rate.reset_seconds));
}

void copy_rate_headers(response& to, const response& from) {
  for (const auto& header : from.headers)
    if (to_lower(header.first).find("ratelimit") != std::string::npos) to.headers.push_back(header);
}

}  // namespace pusher::http
