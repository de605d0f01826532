// Where `pusher inspect` finds the node of a data directory: a file that the node writes.
#pragma once

#include <optional>
#include <string>

#include "model/result.hpp"

namespace pusher {

/// Errors: internal.
result<void> write_address(const std::string& data_directory, const std::string& address);
/// Nothing when no node has written one.
std::optional<std::string> read_address(const std::string& data_directory);

}  // namespace pusher
