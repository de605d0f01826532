// How an answer leaves: what the headers of the request ask of any answer to it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/exchange.hpp"

namespace pusher::http {

struct answer_framing {
  std::string request_id;
  bool keep_alive = false;
  bool head_only = false;  ///< the request was HEAD: the headers of GET without the body
  bool gzip = false;       ///< the client takes it
  /// Of the trace that the request belongs to, and of CORS.
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool preflight = false;  ///< a browser asks what a page of an allowed origin may send
};

/// Reads them, and gives the request its ids: of a client's own those that are harmless in logs and headers.
/// `allowed_origins`: of pages that may read answers; `*` is any. `trace_percent`: nothing = requests are not
/// traced; else what share of those is that bring no trace of their own.
answer_framing frame_answers(request& asked, const std::vector<std::string>& allowed_origins,
                             std::optional<unsigned> trace_percent = std::nullopt);

/// What a preflight is told beside Allow, which becomes Access-Control-Allow-Methods.
void answer_preflight(response& answer);

}  // namespace pusher::http
