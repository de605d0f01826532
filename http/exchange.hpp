// One HTTP request and its one answer, free of any HTTP library.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pusher::http {

struct parsed_import;      // http/import_chunk.hpp
struct unfinished_answer;  // http/unfinished_answer.hpp

struct request {
  std::string method;                          ///< upper case
  std::string path;                            ///< as sent, percent-encoded, without the query
  std::map<std::string, std::string> query;    ///< decoded; a repeated name is refused before this point
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string request_id;  ///< the client's X-Request-Id when well-formed, else one of ours
  std::string remote_address;
  std::string trace_id = {};        ///< of the client's traceparent, or of a trace of our own; empty = none
  std::string span_id = {};         ///< that serves the request in that trace; empty = it is not recorded
  std::string caller_span_id = {};  ///< the client's; empty = the trace begins here
  /// Notes that our own streams send along with a request they make for their client. Never from the wire.
  std::map<std::string, std::string> internal = {};
  /// A chunk of an import whose lines were parsed on the way; likewise never from the wire.
  std::shared_ptr<parsed_import> parsed = {};

  /// For what the request sets going; empty = it is not traced.
  std::string trace_parent() const {
    return span_id.empty() ? std::string() : "00-" + trace_id + "-" + span_id + "-01";
  }
};

struct response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string cause = {};                            ///< what really went wrong, for the log; never sent
  std::map<std::string, std::string> internal = {};  ///< notes for the stream that asked; never sent
  /// The answer is to be given later, by this; what stands here is for those who cannot wait.
  std::shared_ptr<unfinished_answer> unfinished = {};
};

// Among a response's internal notes, for logs and traces:
inline constexpr const char* application_note = "application";  ///< whose key it was
inline constexpr const char* launched_note = "notification";    ///< the id of what the call launched

/// A request that waits for its answer. Any thread may answer, once; later answers are dropped. An exchange
/// that is destroyed without an answer answers 500 by itself.
class exchange {
 public:
  virtual ~exchange() = default;
  virtual const http::request& request() const = 0;
  virtual void answer(response answer) = 0;
};

/// Who answers. Called on the server's I/O threads: must not block.
class dispatcher {
 public:
  virtual ~dispatcher() = default;
  virtual void dispatch(std::shared_ptr<exchange> exchange) = 0;
};

}  // namespace pusher::http
