// A backup of a node with embedded stores, and a data directory made from it.
#pragma once

#include <string>

#include "conf/settings.hpp"
#include "storage/backup_manifest.hpp"
#include "storage/held_signals.hpp"

namespace pusher {

/// A backup is a directory: `data/`, which is a data directory without what only a running node has, and
/// `manifest.json`. MariaDB's part is copied by mariadb-backup while it works and recovered to the end of the
/// copy there and then, so that what is in the backup needs no more than to be started. The journal is not in
/// it: a node rebuilds that from MariaDB.
constexpr const char* backup_data = "/data";
constexpr const char* backup_manifest_file = "/manifest.json";

/// Of the settings' data directory, whether or not a node works in it; `out` appears when all of it is there.
/// Errors: invalid_configuration, already_running, store_unavailable, internal (also for a full disk).
result<backup_manifest> make_backup(const settings& config, const std::string& out,
                                    const std::string& pusher_version, held_signals& signals);

/// Makes the settings' data directory, which must be new or empty; it appears when every part was found to be
/// what was saved. Errors: invalid_configuration, already_running, schema_too_new, corrupt_data (naming the
/// part), internal (also for a full disk).
result<backup_manifest> restore_backup(const settings& config, const std::string& from,
                                       held_signals& signals);

}  // namespace pusher
