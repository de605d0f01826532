// One request and what is to be answered to it, whichever version of HTTP carried them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pusher::emulator {

/// A request that arrived completely. Reused for many requests, so that its strings keep their memory.
struct request {
  std::string method;
  std::string path;
  std::string authorization;
  std::string content_type;
  std::string body;  ///< parsed in place: holds no more than garbage after it was handled
  bool body_too_large = false;
  bool http2 = true;
  uint64_t connection = 0;  ///< counts from 1
  int32_t stream = 0;       ///< 0 with HTTP/1.1

  void clear() {
    for (std::string* part : {&method, &path, &authorization, &content_type, &body})
      part->clear();
    body_too_large = false;
    stream = 0;
  }
};

enum class reply_kind : uint8_t {
  answer,   ///< an HTTP answer
  silence,  ///< nothing, for ever
  reset,    ///< RST_STREAM INTERNAL_ERROR: processed or not, nobody knows
  refuse    ///< RST_STREAM REFUSED_STREAM: certainly not processed
};

namespace content_types {
constexpr std::string_view json = "application/json; charset=UTF-8";
constexpr std::string_view html = "text/html; charset=UTF-8";
}  // namespace content_types

struct reply {
  reply_kind kind = reply_kind::answer;
  bool delayed = false;  ///< waits for the configured latency before it is sent
  int status = 200;
  int retry_after_seconds = 0;                          ///< 0 = no such header
  std::string_view content_type = content_types::json;  ///< a literal
  std::string_view www_authenticate;                    ///< a literal; empty = no such header
  std::string body;
  size_t filler_bytes = 0;  ///< so many bytes 'x' follow the body

  void clear() {
    kind = reply_kind::answer;
    delayed = false;
    status = 200;
    retry_after_seconds = 0;
    content_type = content_types::json;
    www_authenticate = {};
    body.clear();
    filler_bytes = 0;
  }
};

/// The most of a request's body that is kept; Google's own limit is of this order.
constexpr size_t body_limit_bytes = 256 * 1024;

}  // namespace pusher::emulator
