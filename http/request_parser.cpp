#include "http/request_parser.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace pusher::http {

namespace {

constexpr std::string_view no_empty_lines_more = "\r\n\r\n";

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

/// Headers that mean something different, or nothing, when they stand twice.
bool must_be_single(const std::string& name) {
  return name == "content-length" || name == "transfer-encoding" || name == "host" ||
         name == "authorization" || name == "content-type" || name == "idempotency-key" ||
         name == "x-request-id" || name == "expect";
}

}  // namespace

head_parser::state head_parser::feed(std::string_view& input) {
  size_t used = 0;
  auto reached = state::incomplete;
  while (used < input.size() && reached == state::incomplete)
    reached = take(input[used++]);
  input.remove_prefix(used);
  return reached;
}

head_parser::state head_parser::take(char c) {
  if ((c == '\n') != (last_ == '\r'))
    return refuse(400, "Lines of a request end in CR LF; one of both stands alone.");
  last_ = c;
  if (buffer_.empty() && (c == '\r' || c == '\n'))
    return ++leading_ > 4 ? refuse(400, "The request begins with empty lines.") : state::incomplete;
  buffer_ += c;
  if (headers_at_ == 0 && buffer_.size() > most_line_bytes) return refuse_long_line();
  if (buffer_.size() > most_bytes)
    return refuse(431, "The request line and headers exceed " + std::to_string(most_bytes) + " bytes.");
  if (buffer_.size() == 1 && !is_token(buffer_)) return refuse(400, "This is not an HTTP request.");
  if (c != '\n') return state::incomplete;
  if (headers_at_ == 0) {
    headers_at_ = buffer_.size();
    return parse_request_line({buffer_.data(), buffer_.size() - 2}) ? state::incomplete : state::refused;
  }
  bool ended = buffer_.compare(buffer_.size() - 4, 4, no_empty_lines_more) == 0;
  return ended ? parse_headers() : state::incomplete;
}

request_head head_parser::take_head() {
  auto taken = std::move(head_);
  reset();
  return taken;
}

void head_parser::reset() {
  *this = head_parser();
}

head_parser::state head_parser::refuse(int status, std::string detail) {
  why_ = {status, {errc::malformed_request, std::move(detail), "", 0}};
  return state::refused;
}

head_parser::state head_parser::refuse_long_line() {
  auto most = std::to_string(most_line_bytes);
  if (buffer_.find(' ') == std::string::npos) return refuse(400, "The method is not a token.");
  return refuse(414, "The request line exceeds " + most + " bytes.");
}

bool head_parser::parse_request_line(std::string_view line) {
  auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refuse(400, "The request line must be: method, target, HTTP version."), false;
  auto method = line.substr(0, first), version = line.substr(last + 1);
  if (version.substr(0, 5) != "HTTP/")
    return refuse(400, "The request line does not end in an HTTP version."), false;
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."), false;
  if (!is_token(method) || method.size() > 32) return refuse(400, "The method is not a token."), false;
  head_.http_1_0 = version == "HTTP/1.0";
  head_.request.method = method;
  return parse_target(line.substr(first + 1, last - first - 1));
}

bool head_parser::parse_target(std::string_view target) {
  if (target == "*" && head_.request.method == "OPTIONS") return head_.request.path = target, true;
  // A proxy may send the absolute form; what counts is the path.
  if (auto scheme = to_lower(target.substr(0, 8)); scheme.substr(0, 7) == "http://" || scheme == "https://") {
    auto slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (target.empty() || target[0] != '/') return refuse(400, "The request target must be a path."), false;
  if (!is_visible_ascii(target) || target.find('#') != std::string_view::npos)
    return refuse(400, "The request target holds characters that must be percent-encoded."), false;
  auto mark = target.find('?');
  if (!parse_path(target.substr(0, mark))) return false;
  return mark == std::string_view::npos || parse_query(target.substr(mark + 1));
}

bool head_parser::parse_path(std::string_view path) {
  auto rest = path.substr(1);
  while (true) {
    auto slash = rest.find('/');
    auto segment = percent_decode(rest.substr(0, slash));
    if (!segment || !is_plain_text(*segment))
      return refuse(400, "The path is not percent-encoded UTF-8 without control characters."), false;
    if (*segment == "." || *segment == "..") return refuse(400, "The path holds a dot segment."), false;
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  head_.request.path = path;
  return true;
}

bool head_parser::parse_query(std::string_view query) {
  while (!query.empty()) {
    auto ampersand = query.find('&');
    auto part = query.substr(0, ampersand);
    query.remove_prefix(ampersand == std::string_view::npos ? query.size() : ampersand + 1);
    if (part.empty()) continue;
    auto equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1), true);
    if (!name || !value || !is_plain_text(*name) || !is_plain_text(*value))
      return refuse(400, "The query is not percent-encoded UTF-8 without control characters."), false;
    if (!head_.request.query.emplace(std::move(*name), std::move(*value)).second)
      return refuse(400, "A query parameter stands twice."), false;
  }
  return true;
}

head_parser::state head_parser::parse_headers() {
  std::string_view rest(buffer_);
  rest = rest.substr(headers_at_, rest.size() - headers_at_ - 2);
  for (size_t count = 1; !rest.empty(); ++count) {
    if (count > most_headers) return refuse(431, "More than " + std::to_string(most_headers) + " headers.");
    auto end = rest.find("\r\n");
    if (!parse_header(rest.substr(0, end))) return state::refused;
    rest.remove_prefix(end + 2);
  }
  return interpret() ? state::complete : state::refused;
}

bool head_parser::parse_header(std::string_view line) {
  auto colon = line.find(':');
  // This also refuses folded lines and a space before the colon.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return refuse(400, "A header is not of the form name, colon, value."), false;
  auto name = to_lower(line.substr(0, colon));
  auto value = trimmed(line.substr(colon + 1));
  if (!is_field_value(value)) return refuse(400, "A header's value holds control characters."), false;
  auto [found, added] = head_.request.headers.try_emplace(name, value);
  if (added) return true;
  if (must_be_single(name)) return refuse(400, "The header " + name + " stands twice."), false;
  found->second.append(", ").append(value);
  return true;
}

bool head_parser::interpret() {
  auto& headers = head_.request.headers;
  auto value = [&](const char* name) {
    auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  };
  if (!head_.http_1_0 && headers.count("host") == 0) return refuse(400, "The header Host is missing."), false;
  if (value("host").find_first_of(" \t/?#@\\,") != std::string_view::npos)
    return refuse(400, "The header Host is not a host and port."), false;
  auto connection = value("connection");
  head_.keep_alive =
      head_.http_1_0 ? lists_token(connection, "keep-alive") : !lists_token(connection, "close");
  if (auto expect = value("expect"); !expect.empty()) {
    if (to_lower(expect) != "100-continue")
      return refuse(417, "Only Expect: 100-continue is understood."), false;
    head_.expects_continue = !head_.http_1_0;
  }
  auto coding = to_lower(value("content-encoding"));
  head_.gzip = coding == "gzip" || coding == "x-gzip";
  if (!head_.gzip && !coding.empty() && coding != "identity") {
    why_ = {415,
            {errc::unsupported_media_type,
             "The only Content-Encoding taken here is gzip; send the body with it or without any.", "", 0}};
    return false;
  }
  return interpret_length();
}

bool head_parser::interpret_length() {
  auto& headers = head_.request.headers;
  auto coding = headers.find("transfer-encoding"), length = headers.find("content-length");
  if (coding != headers.end()) {
    if (length != headers.end() || head_.http_1_0)
      return refuse(400, "Transfer-Encoding cannot stand with Content-Length or HTTP/1.0."), false;
    if (to_lower(coding->second) != "chunked")
      return refuse(501, "The only Transfer-Encoding is chunked."), false;
    head_.chunked = true;
    return true;
  }
  if (length == headers.end()) return true;
  const auto& digits = length->second;
  bool number =
      !digits.empty() && digits.size() <= 18 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return refuse(400, "Content-Length is not a number of bytes."), false;
  head_.content_length = std::stoull(digits);
  return true;
}

}  // namespace pusher::http
