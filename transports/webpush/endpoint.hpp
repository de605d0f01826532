// Subscription endpoints: addresses that strangers give, and that we are to connect to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"
#include "transports/origin.hpp"

namespace pusher {

struct push_endpoint {
  pusher::origin origin;  ///< its path is empty
  std::string path;       ///< with the query; a secret: whoever knows it can push
};

struct endpoint_rules {
  std::vector<std::string> allowed_hosts;  ///< exact names or `*.suffix`; empty = any
  bool allow_private = false;              ///< IP addresses as hosts and any port: for tests
};

/// Errors: invalid_field, saying what is wrong with it, without showing its path.
result<push_endpoint> parse_endpoint(std::string_view url, const endpoint_rules& rules);

}  // namespace pusher
