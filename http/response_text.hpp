// Answers as bytes on the wire.
#pragma once

#include <string>
#include <string_view>

#include "http/answer_framing.hpp"
#include "http/exchange.hpp"

namespace pusher::http {

/// The whole answer. A body that is worth it is gzipped for who takes that.
std::string to_bytes(response answer, const answer_framing& framing);

/// The head of an answer whose body follows piece by piece; the connection closes after it.
std::string streamed_head(const response& answer, const answer_framing& framing, bool chunked);

}  // namespace pusher::http
