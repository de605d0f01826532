// Files that hold secrets: read, and refused when everyone can read them.
#pragma once

#include <string>

#include "model/result.hpp"

namespace pusher {

/// `name` is the option's, for the error. Errors: invalid_configuration.
result<void> refuse_if_others_can_read(const std::string& name, const std::string& path);
/// Without line ends behind it. Errors: as above.
result<std::string> read_secret(const std::string& name, const std::string& path);

}  // namespace pusher
