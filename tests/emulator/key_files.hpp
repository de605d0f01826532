// Keys and secrets in files, made when there are none, so that a second start knows what the first one gave
// out.
#pragma once

#include <optional>
#include <string>

#include "tests/emulator/openssl_handles.hpp"

namespace pusher::emulator {

/// The P-256 key of a PKCS#8 file, mode 0600. Null when the file holds no such key or cannot be written.
key_ptr ensure_p256_key(const std::string& path);

/// The text of a file, mode 0600, without a line end; at first so many random bytes in base64url.
std::optional<std::string> ensure_secret(const std::string& path, size_t random_bytes);

std::string random_bytes(size_t count);

}  // namespace pusher::emulator
