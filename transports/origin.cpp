#include "transports/origin.hpp"

#include <charconv>
#include <string_view>

namespace pusher {

namespace {

constexpr std::string_view scheme = "https://";

error malformed(const std::string& url) {
  return {errc::invalid_configuration, "'" + url + "' is not a URL of the form https://host[:port][/path]",
          "", 0};
}

bool read_port(std::string_view text, uint16_t& port) {
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  return fault == std::errc() && end == text.data() + text.size() && port != 0;
}

}  // namespace

result<origin> parse_origin(const std::string& url) {
  std::string_view rest = url;
  if (rest.substr(0, scheme.size()) != scheme) return malformed(url);
  rest.remove_prefix(scheme.size());
  origin found;
  size_t slash = rest.find('/');
  found.authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) found.path = rest.substr(slash);
  while (!found.path.empty() && found.path.back() == '/')
    found.path.pop_back();

  std::string_view authority = found.authority;
  size_t bracket = authority.rfind(']');
  size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos && !read_port(authority.substr(colon + 1), found.port))
    return malformed(url);
  std::string_view host = authority.substr(0, colon);
  if (bracket != std::string_view::npos) {
    if (host.size() < 3 || host.front() != '[' || host.back() != ']') return malformed(url);
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || url.find_first_of("?#@ ") != std::string::npos) return malformed(url);
  found.host = host;
  return found;
}

}  // namespace pusher
