// One chunk of an import: NDJSON lines in, one result line each out.
#pragma once

#include <string_view>

#include "http/exchange.hpp"
#include "http/operations.hpp"

namespace pusher::http {

/// Registers the devices of the chunk in one transaction. Its lines count from `first_line` on; blank lines
/// are counted and get no result line. When the store fails, every line that was well-formed gets status 503.
response import_chunk(std::string_view lines, uint64_t first_line, application_id app, operations& engine);

}  // namespace pusher::http
