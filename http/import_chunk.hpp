// One chunk of an import: NDJSON lines in, one result line each out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"
#include "http/operations.hpp"
#include "model/device.hpp"
#include "model/error.hpp"

namespace pusher::http {

/// The lines of a chunk, and the devices that the good ones among them describe.
struct parsed_import {
  struct line {
    uint64_t number = 0;
    int status = 0;  ///< 0 = not known before the devices are stored
    std::string device_id;
    error why;
  };
  std::vector<line> lines;
  std::vector<device> devices;
  std::vector<size_t> line_of;  ///< devices[i] is described by lines[line_of[i]]
};

/// Lines count from `first_line` on; blank ones are counted and get no result line.
std::shared_ptr<parsed_import> parse_import(std::string_view lines, uint64_t first_line);

/// Registers the devices of the chunk in one transaction; one result line each. When the store fails, every
/// line that was well-formed gets its error.
response store_import(parsed_import& chunk, application_id app, operations& engine);

}  // namespace pusher::http
