// URLs that strangers give, and that we are to connect to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"
#include "transports/origin.hpp"

namespace pusher {

struct outside_url {
  pusher::origin origin;  ///< its path is empty
  std::string path;       ///< with the query; often a secret: whoever knows it can call
};

struct outside_rules {
  std::vector<uint16_t> ports{443};
  bool allow_private = false;  ///< IP addresses as hosts and any port: for tests
  bool allow_http = false;     ///< `http://` too, which by itself means port 80
};

/// Takes an `https://host[:port][/path][?query]` apart. Without `allow_private` the host is a name with a
/// domain: what is a number, in whatever notation, is an address. Errors: invalid_field, saying what `what`
/// has wrong, without showing its path.
result<outside_url> parse_outside_url(std::string_view url, const outside_rules& rules,
                                      std::string_view what);

}  // namespace pusher
