// Delivers webhooks over HTTPS: many at once on one thread, to addresses that strangers gave.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transports/outside_url.hpp"

namespace pusher {

struct webhook_request {
  uint64_t tag = 0;  ///< comes back with the answer
  std::string url;
  std::vector<std::string> headers;  ///< `name: value`
  std::string body;
};

/// What became of a request. Nothing in it shows the URL's path.
struct webhook_answer {
  uint64_t tag = 0;
  int status = 0;       ///< of the complete answer; 0 = there was none
  std::string trouble;  ///< why there was none, or why it counts for nothing: one sentence
  std::optional<int64_t> retry_after_ms;
  std::string excerpt;  ///< the beginning of the answer's body in printable ASCII
  int64_t latency_ms = 0;

  bool taken() const { return status >= 200 && status < 300; }
};

struct webhook_client_rules {
  outside_rules outside;
  std::string ca_file;  ///< empty = the system's authorities
  std::chrono::milliseconds timeout{15'000};
};

/// The address that is checked is the one that is connected to: every socket is opened by us, and only for a
/// public address, unless the rules allow private ones. Redirects are not followed, nothing is decoded,
/// proxies of the environment are not used, and of an answer only the beginning is read. Used by one thread;
/// `wake` is for others.
class webhook_client {
 public:
  explicit webhook_client(webhook_client_rules rules);
  /// Abandons what is under way.
  ~webhook_client();
  webhook_client(const webhook_client&) = delete;
  webhook_client& operator=(const webhook_client&) = delete;

  void start(webhook_request request);
  /// The answers that have come; waits for the first one, for a wake-up, or so long.
  std::vector<webhook_answer> wait(std::chrono::milliseconds most);
  void wake();
  size_t under_way() const;
  /// Forgets all requests under way; their answers never come.
  void abandon();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace pusher
