// An answer that waits for outcomes, or for what others say, without keeping anybody else waiting.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "http/exchange.hpp"
#include "http/operations.hpp"

namespace pusher::http {

struct unfinished_answer {
  std::vector<notification_key> waits_for;  ///< until all have settled
  std::function<bool()> ready = {};         ///< and this holds, where it is given
  std::chrono::milliseconds longest{0};     ///< or this time has passed
  std::function<response(operations&)> finish;
};

}  // namespace pusher::http
