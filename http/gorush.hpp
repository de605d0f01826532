// Callers of gorush: which requests are theirs, who may send them without a key, and faults in gorush's
// words.
#pragma once

#include <functional>
#include <string_view>

#include "conf/settings.hpp"
#include "http/exchange.hpp"

namespace pusher::http {

/// Whether the path is one of gorush's.
bool is_gorush_path(std::string_view path);

/// Answers by `route`, which serves the routes of the API. A call without a key is given the configured one
/// when it may come without; faults become {"code": status, "message": sentence}.
response serve_gorush(const request& asked, const compat_settings& compat,
                      const std::function<response(const request&)>& route);

}  // namespace pusher::http
