// Files copied for a backup, and their digests.
#pragma once

#include <cstdint>
#include <string>

#include "model/result.hpp"

namespace pusher {

struct file_digest {
  uint64_t bytes = 0;
  std::string sha256;  ///< hexadecimal
};

/// Reads a regular file to its end. Errors: not_found, internal.
result<file_digest> digest_of(const std::string& path);
/// Copies it into a new file (0600), which is not yet durable, and gives the digest of what was read.
/// Errors: not_found when there is no regular file, internal, also for a disk that is full.
result<file_digest> copy_with_digest(const std::string& from, const std::string& to);

}  // namespace pusher
