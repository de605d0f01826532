// The file of keys that encrypt credentials at rest.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/result.hpp"

namespace pusher {

using secrets_key = std::array<uint8_t, 32>;

/// One key per line, 64 hexadecimal digits; lines that begin with # are remarks. The first key encrypts, all
/// decrypt. `name` is the option's, for the error. Errors: invalid_configuration, also when everyone can read
/// the file.
result<std::vector<secrets_key>> read_key_file(const std::string& name, const std::string& path);

/// Makes the file with one fresh key, mode 0600, unless it is there. Errors: invalid_configuration.
result<void> ensure_key_file(const std::string& path);

}  // namespace pusher
