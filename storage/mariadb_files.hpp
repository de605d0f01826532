// When MariaDB's files are damaged. Rows are the truth: nothing can be made up for them, and a person has to
// decide what to restore.
#pragma once

#include <string>
#include <string_view>

#include "model/result.hpp"

namespace pusher {

/// What a person is to do.
inline constexpr std::string_view after_damage =
    "Nothing was changed. Look at the disk and at MariaDB's log; then restore the latest backup: with "
    "embedded stores by `pusher restore --from BACKUP --data-directory NEW`, and start the node on NEW; with "
    "servers of your own as docs/operations.md says under \"Backup and restore\".";

/// Of an embedded MariaDB that ended as it started, from what it said since: an error with what it complains
/// of when its files are damaged. Never true: another start would fare no better.
result<bool> judge_mariadb_start(const std::string& log);

}  // namespace pusher
