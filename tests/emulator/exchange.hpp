// One request and what is to be answered to it, whichever version of HTTP carried them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pusher::emulator {

/// The headers that only some gateways look at. Reused, so that its strings keep their memory.
class header_list {
 public:
  struct field {
    std::string name;
    std::string value;
  };

  void add(std::string_view name, std::string_view value);
  void clear() { used_ = 0; }

  /// The first of that name; null when there is none.
  const std::string* find(std::string_view name) const;

  const field* begin() const { return fields_.data(); }
  const field* end() const { return fields_.data() + used_; }

 private:
  std::vector<field> fields_;
  size_t used_ = 0;
};

/// A request that arrived completely. Reused for many requests, so that its strings keep their memory.
struct request {
  std::string method;
  std::string path;
  std::string authorization;
  std::string content_type;
  header_list headers;  ///< apns-*, those of Web Push, and traceparent
  std::string body;     ///< parsed in place: holds no more than garbage after it was handled
  bool body_too_large = false;
  bool authorization_repeated = false;
  bool indexed_what_it_must_not = false;  ///< HPACK put :path or authorization into the dynamic table
  bool http2 = true;
  bool sandbox = false;            ///< came to the sandbox's port
  bool known_certificate = false;  ///< the client proved in TLS to hold the client certificate
  uint64_t connection = 0;         ///< counts from 1
  int32_t stream = 0;              ///< 0 with HTTP/1.1

  /// Keeps a header that some gateway looks at; `name` in lower case.
  void take_header(std::string_view name, std::string_view value);

  /// Forgets the request, but not its connection.
  void clear() {
    for (std::string* part : {&method, &path, &authorization, &content_type, &body})
      part->clear();
    headers.clear();
    body_too_large = authorization_repeated = indexed_what_it_must_not = false;
    stream = 0;
  }
};

enum class reply_kind : uint8_t {
  answer,   ///< an HTTP answer
  silence,  ///< nothing, for ever
  reset,    ///< RST_STREAM INTERNAL_ERROR: processed or not, nobody knows; HTTP/1.1: the connection ends
  refuse    ///< RST_STREAM REFUSED_STREAM: certainly not processed; HTTP/1.1: the connection ends
};

namespace content_types {
constexpr std::string_view json = "application/json; charset=UTF-8";
constexpr std::string_view html = "text/html; charset=UTF-8";
constexpr std::string_view plain = "text/plain; charset=UTF-8";
}  // namespace content_types

struct reply {
  reply_kind kind = reply_kind::answer;
  bool delayed = false;           ///< waits for the configured latency before it is sent
  bool credentials_good = false;  ///< the client has shown that it may push
  int status = 200;
  int retry_after_seconds = 0;                          ///< 0 = no such header
  std::string_view content_type = content_types::json;  ///< a literal; empty = no such header
  std::string_view www_authenticate;                    ///< a literal; empty = no such header
  std::string apns_id;                                  ///< empty = no such header
  std::string location;                                 ///< empty = no such header
  std::string body;
  size_t filler_bytes = 0;  ///< so many bytes 'x' follow the body

  void clear() {
    kind = reply_kind::answer;
    delayed = credentials_good = false;
    status = 200;
    retry_after_seconds = 0;
    content_type = content_types::json;
    www_authenticate = {};
    apns_id.clear();
    location.clear();
    body.clear();
    filler_bytes = 0;
  }

  /// As logs and counters show it: 0 = no HTTP answer.
  int shown_status() const { return kind == reply_kind::answer ? status : 0; }
};

/// The most of a request's body that is kept; Google's own limit is of this order.
constexpr size_t body_limit_bytes = 256 * 1024;

}  // namespace pusher::emulator
