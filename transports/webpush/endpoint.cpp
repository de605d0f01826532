#include "transports/webpush/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace pusher {

namespace {

constexpr std::string_view scheme = "https://";
constexpr size_t longest = 2048;
constexpr uint16_t https_port = 443;

error wrong(const char* what) {
  return {errc::invalid_field, std::string("the subscription's endpoint ") + what, "", 0};
}

bool matches(const std::string& host, const std::string& pattern) {
  if (pattern.rfind("*.", 0) != 0) return host == pattern;
  auto suffix = std::string_view(pattern).substr(1);
  return host.size() > suffix.size() && std::string_view(host).substr(host.size() - suffix.size()) == suffix;
}

/// A name's last label has a letter: numbers, in whatever notation, are addresses.
bool is_name(const std::string& host) {
  bool letters = std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  auto last = host.substr(host.rfind('.') + 1);
  return letters && host.find('.') != std::string::npos && host.front() != '.' &&
         host.find("..") == std::string::npos && !last.empty() && last[0] >= 'a' && last[0] <= 'z';
}

}  // namespace

result<push_endpoint> parse_endpoint(std::string_view url, const endpoint_rules& rules) {
  if (url.size() > longest) return wrong("is longer than 2,048 bytes");
  if (url.substr(0, scheme.size()) != scheme) return wrong("does not begin with https://");
  if (!std::all_of(url.begin(), url.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; }))
    return wrong("has spaces, backslashes or letters beyond ASCII");
  if (url.find('#') != std::string_view::npos) return wrong("has a fragment");
  auto rest = url.substr(scheme.size());
  auto end = rest.find_first_of("/?");
  auto authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return wrong("has a user name");

  push_endpoint made;
  auto colon = authority.rfind(':');
  bool bracketed = !authority.empty() && authority.front() == '[';
  if (bracketed && authority.find(']') != std::string_view::npos && authority.back() == ']')
    colon = std::string_view::npos;
  if (colon != std::string_view::npos) {
    auto text = authority.substr(colon + 1);
    auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), made.origin.port);
    if (fault != std::errc() || stop != text.data() + text.size() || made.origin.port == 0)
      return wrong("has a port that is no number from 1 to 65535");
  }
  auto host = std::string(authority.substr(0, colon));
  if (bracketed) {
    if (!rules.allow_private) return wrong("names an address instead of a host");
    if (host.size() < 4 || host.back() != ']') return wrong("has a malformed address");
    host = host.substr(1, host.size() - 2);
  }
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!host.empty() && host.back() == '.') host.pop_back();
  if (host.empty()) return wrong("has no host");
  if (!rules.allow_private) {
    if (!is_name(host))
      return wrong("names an address, or a host without a domain, instead of a push service");
    if (made.origin.port != https_port) return wrong("has a port other than 443");
  }
  if (!rules.allowed_hosts.empty() && std::none_of(rules.allowed_hosts.begin(), rules.allowed_hosts.end(),
                                                   [&](auto& pattern) { return matches(host, pattern); }))
    return wrong("names a push service that webpush.allowed_hosts does not have");

  made.origin.host = host;
  made.origin.authority = bracketed ? "[" + host + "]" : host;
  if (made.origin.port != https_port) made.origin.authority += ":" + std::to_string(made.origin.port);
  made.path = end == std::string_view::npos ? "/" : std::string(rest.substr(end));
  if (made.path.front() == '?') made.path.insert(0, "/");
  return made;
}

}  // namespace pusher
