// Requests that our own streams make: pieces of a long request, answered by the api actors like any other.
#pragma once

#include <atomic>
#include <chrono>
#include <future>

#include "http/exchange.hpp"

namespace pusher::http {

/// A request that was dispatched and whose answer is fetched later.
class inner_request {
 public:
  inner_request(dispatcher& target, request asked);

  /// Waits for the answer, which can be had once. When none comes within `most_wait` of the dispatch, or
  /// `canceled` is set meanwhile, the answer is a 503 and the late one is dropped. Blocks; on a stream's
  /// thread only.
  response wait(std::chrono::milliseconds most_wait, const std::atomic<bool>& canceled);
  bool answered() const { return answer_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

 private:
  request about_;  ///< what an answer of our own tells of
  std::chrono::steady_clock::time_point since_;
  std::future<response> answer_;
};

/// Dispatches the request and waits for its answer. When none comes within `most_wait`, or `canceled` is set
/// meanwhile, the answer is a 503 and the late one is dropped. Blocks; on a stream's thread only.
response ask_and_wait(dispatcher& target, request asked, std::chrono::milliseconds most_wait,
                      const std::atomic<bool>& canceled);

}  // namespace pusher::http
