// Where a gateway lives: the parts of a base URL.
#pragma once

#include <cstdint>
#include <string>

#include "model/result.hpp"

namespace pusher {

struct origin {
  std::string host;  ///< a name or an address, without brackets
  uint16_t port = 443;
  std::string authority;  ///< as the request says it: `host`, `host:port` or `[v6]:port`
  std::string path;       ///< what stands before a gateway's own path; empty or `/like/this`
};

/// Reads `https://host[:port][/path]`. Errors: invalid_configuration.
result<origin> parse_origin(const std::string& url);

}  // namespace pusher
