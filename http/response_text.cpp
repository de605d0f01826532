#include "http/response_text.hpp"

#include <algorithm>
#include <ctime>

#include "http/etag.hpp"
#include "http/gzip.hpp"

namespace pusher::http {

namespace {

constexpr size_t least_packed_bytes = 1024;  // less fits into one packet anyway

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

/// RFC 9110 section 5.6.7.
std::string http_date() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

void add_header(std::string& bytes, std::string_view name, std::string_view value) {
  bytes.append(name).append(": ");
  // A value must never end its line, wherever it came from.
  for (char c : value)
    bytes += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  bytes += "\r\n";
}

bool has_body(int status) {
  return status != 204 && status != 304;
}

/// Whether the answer's body is one that gzip may be asked for.
bool may_be_packed(const response& answer) {
  return has_body(answer.status) && answer.body.size() >= least_packed_bytes &&
         std::none_of(answer.headers.begin(), answer.headers.end(),
                      [](const auto& each) { return each.first == "Content-Encoding"; });
}

void pack(response& answer) {
  gzip_encoder encoder;
  auto packed = encoder.add(answer.body);
  answer.body = packed + encoder.finish();
  answer.headers.emplace_back("Content-Encoding", "gzip");
  for (auto& [name, value] : answer.headers)
    if (name == "ETag") value = gzipped_tag(value);
}

std::string common_head(const response& answer, const answer_framing& framing, bool keep_alive) {
  std::string bytes;
  bytes.reserve(320 + answer.body.size());
  bytes.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason(answer.status));
  bytes += "\r\n";
  add_header(bytes, "Date", http_date());
  add_header(bytes, "Connection", keep_alive ? "keep-alive" : "close");
  if (!framing.request_id.empty()) add_header(bytes, "X-Request-Id", framing.request_id);
  for (const auto& [name, value] : answer.headers)
    add_header(bytes, name, value);
  for (const auto& [name, value] : framing.headers)
    add_header(bytes, name, value);
  return bytes;
}

}  // namespace

std::string to_bytes(response answer, const answer_framing& framing) {
  if (may_be_packed(answer)) {
    answer.headers.emplace_back("Vary", "Accept-Encoding");
    if (framing.gzip) pack(answer);
  }
  if (framing.preflight) answer_preflight(answer);
  auto bytes = common_head(answer, framing, framing.keep_alive);
  if (has_body(answer.status)) {
    if (!answer.body.empty()) add_header(bytes, "Content-Type", answer.content_type);
    add_header(bytes, "Content-Length", std::to_string(answer.body.size()));
  }
  bytes += "\r\n";
  if (has_body(answer.status) && !framing.head_only) bytes += answer.body;
  return bytes;
}

std::string streamed_head(const response& answer, const answer_framing& framing, bool chunked) {
  auto bytes = common_head(answer, framing, false);
  add_header(bytes, "Content-Type", answer.content_type);
  if (chunked) add_header(bytes, "Transfer-Encoding", "chunked");
  return bytes += "\r\n";
}

}  // namespace pusher::http
