#include "transports/outside_url.hpp"

#include <algorithm>
#include <charconv>

namespace pusher {

namespace {

constexpr std::string_view https = "https://", http = "http://";
constexpr uint16_t https_port = 443, http_port = 80;
constexpr size_t longest = 2048;

/// A name's last label has a letter: numbers, in whatever notation, are addresses.
bool is_name(const std::string& host) {
  bool letters = std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  auto last = host.substr(host.rfind('.') + 1);
  return letters && host.find('.') != std::string::npos && host.front() != '.' &&
         host.find("..") == std::string::npos && !last.empty() && last[0] >= 'a' && last[0] <= 'z';
}

bool read_port(std::string_view text, uint16_t& port) {
  auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  return fault == std::errc() && stop == text.data() + text.size() && port != 0;
}

std::string named(const std::vector<uint16_t>& ports) {
  std::string text;
  for (auto each : ports)
    text += (text.empty() ? "" : ", ") + std::to_string(each);
  return text;
}

/// What makes the text as a whole unfit, or nothing.
std::string fault_of(std::string_view url) {
  if (url.size() > longest) return "is longer than 2,048 bytes";
  if (!std::all_of(url.begin(), url.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; }))
    return "has spaces, backslashes or letters beyond ASCII";
  if (url.find('#') != std::string_view::npos) return "has a fragment";
  return "";
}

}  // namespace

result<outside_url> parse_outside_url(std::string_view url, const outside_rules& rules,
                                      std::string_view what) {
  auto wrong = [what](const std::string& fault) {
    return error{errc::invalid_field, std::string(what) + " " + fault, "", 0};
  };
  if (auto fault = fault_of(url); !fault.empty()) return wrong(fault);
  bool plain = rules.allow_http && url.substr(0, http.size()) == http;
  if (!plain && url.substr(0, https.size()) != https) return wrong("does not begin with https://");
  auto usual_port = plain ? http_port : https_port;
  auto rest = url.substr(plain ? http.size() : https.size());
  auto end = rest.find_first_of("/?");
  auto authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return wrong("has a user name");

  outside_url made;
  made.origin.port = usual_port;
  auto colon = authority.rfind(':');
  bool bracketed = !authority.empty() && authority.front() == '[';
  if (bracketed && authority.find(']') != std::string_view::npos && authority.back() == ']')
    colon = std::string_view::npos;
  if (colon != std::string_view::npos && !read_port(authority.substr(colon + 1), made.origin.port))
    return wrong("has a port that is no number from 1 to 65535");
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
    if (!is_name(host)) return wrong("names an address, or a host without a domain");
    if (std::find(rules.ports.begin(), rules.ports.end(), made.origin.port) == rules.ports.end())
      return wrong("has a port other than " + named(rules.ports));
  }
  made.origin.host = host;
  made.origin.authority = bracketed ? "[" + host + "]" : host;
  if (made.origin.port != usual_port) made.origin.authority += ":" + std::to_string(made.origin.port);
  made.path = end == std::string_view::npos ? "/" : std::string(rest.substr(end));
  if (made.path.front() == '?') made.path.insert(0, "/");
  return made;
}

}  // namespace pusher
