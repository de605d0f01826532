// What a backup says of itself: when and by what it was made, and every file in it with its digest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/clock.hpp"
#include "model/result.hpp"

namespace pusher {

struct backup_manifest {
  /// Paths are relative to the data directory.
  struct part {
    std::string path;
    uint64_t bytes = 0;
    std::string sha256;  ///< hexadecimal
  };
  struct link {
    std::string path, target;
  };

  std::string pusher_version, mariadb_version;
  uint64_t schema_version = 0;
  utc_ms created_at = 0;  ///< of MariaDB's rows, to within the time that the last commits took to copy
  std::string cluster;
  std::vector<part> parts;
  std::vector<link> links;
  /// Settings that name files elsewhere, as `secrets.key_file = /etc/…`.
  std::vector<std::string> not_included;

  uint64_t bytes() const;
};

std::string to_json(const backup_manifest& manifest);

/// Errors: corrupt_data, also for a path that leads out of the data directory; invalid_configuration for a
/// format that a newer program made.
result<backup_manifest> parse_manifest(const std::string& text);

}  // namespace pusher
