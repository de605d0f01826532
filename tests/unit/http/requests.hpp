// Requests as clients make them, and what their answers say.
#pragma once

#include <string>

#include "http/exchange.hpp"

namespace pusher::testing {

/// Without a key when `key` is empty.
inline http::request asking(const std::string& method, const std::string& path, const std::string& body = "",
                            const std::string& key = "all") {
  http::request made;
  made.method = method;
  made.path = path;
  made.body = body;
  made.request_id = "r1";
  if (!key.empty()) made.headers["authorization"] = "Bearer " + key;
  return made;
}

/// Empty when the answer has none of that name.
inline std::string header(const http::response& answer, const std::string& name) {
  for (const auto& [each, value] : answer.headers)
    if (each == name) return value;
  return "";
}

}  // namespace pusher::testing
