// Answers as bytes on the wire.
#pragma once

#include <string>
#include <string_view>

#include "http/exchange.hpp"

namespace pusher::http {

/// How an answer leaves.
struct answer_framing {
  std::string request_id;
  bool keep_alive = false;
  bool head_only = false;  ///< the request was HEAD: the headers of GET without the body
};

std::string to_bytes(const response& answer, const answer_framing& framing);

/// The head of an answer whose body follows piece by piece; the connection closes after it.
std::string streamed_head(const response& answer, const std::string& request_id, bool chunked);

}  // namespace pusher::http
