// Requests that our own streams make: pieces of a long request, answered by the api actors like any other.
#pragma once

#include <atomic>
#include <chrono>

#include "http/exchange.hpp"

namespace pusher::http {

/// Dispatches the request and waits for its answer. When none comes within `most_wait`, or `canceled` is set
/// meanwhile, the answer is a 503 and the late one is dropped. Blocks; on a stream's thread only.
response ask_and_wait(dispatcher& target, request asked, std::chrono::milliseconds most_wait,
                      const std::atomic<bool>& canceled);

}  // namespace pusher::http
