// Every route of the API: what path and method do, and which scope they need.
#pragma once

#include "http/exchange.hpp"
#include "http/operations.hpp"

namespace pusher::http {

/// Answers one request over the operations. Blocks as they do. Never throws; every fault is a problem answer.
response serve(const request& asked, operations& engine);

}  // namespace pusher::http
