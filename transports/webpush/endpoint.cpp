#include "transports/webpush/endpoint.hpp"

#include <algorithm>

namespace pusher {

namespace {

bool matches(const std::string& host, const std::string& pattern) {
  if (pattern.rfind("*.", 0) != 0) return host == pattern;
  auto suffix = std::string_view(pattern).substr(1);
  return host.size() > suffix.size() && std::string_view(host).substr(host.size() - suffix.size()) == suffix;
}

}  // namespace

result<push_endpoint> parse_endpoint(std::string_view url, const endpoint_rules& rules) {
  constexpr const char* what = "the subscription's endpoint";
  outside_rules outside;
  outside.allow_private = rules.allow_private;
  auto made = parse_outside_url(url, outside, what);
  if (!made) return made;
  const auto& host = made->origin.host;
  if (!rules.allowed_hosts.empty() && std::none_of(rules.allowed_hosts.begin(), rules.allowed_hosts.end(),
                                                   [&](auto& pattern) { return matches(host, pattern); }))
    return error{errc::invalid_field,
                 std::string(what) + " names a push service that webpush.allowed_hosts does not have", "", 0};
  return made;
}

}  // namespace pusher
