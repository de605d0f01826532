// The number that changes with whatever changes who may do what: keys made, changed or revoked, applications
// suspended or deleted. What a node remembers of keys holds only as long as it stays the same.
#pragma once

#include "model/result.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// In the transaction that makes the change: whoever sees the old number after it has committed does not
/// exist.
inline result<void> change_access_version(database::connection& on) {
  auto changed = on.execute("noting a change of access",
                            "UPDATE access_version SET version = version + 1 WHERE id = 1", {});
  return changed ? result<void>() : changed.failure();
}

}  // namespace pusher
