// Subscription endpoints: addresses that strangers give, and that we are to connect to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transports/outside_url.hpp"

namespace pusher {

using push_endpoint = outside_url;

struct endpoint_rules {
  std::vector<std::string> allowed_hosts;  ///< exact names or `*.suffix`; empty = any
  bool allow_private = false;              ///< IP addresses as hosts and any port: for tests
};

/// Errors: invalid_field, saying what is wrong with it, without showing its path.
result<push_endpoint> parse_endpoint(std::string_view url, const endpoint_rules& rules);

}  // namespace pusher
