// Brings what MariaDB knows of credentials to Redis, where senders find it.
#pragma once

#include "actors/credential_index.hpp"
#include "storage/credential_store.hpp"
#include "storage/journal.hpp"

namespace pusher {

/// Publishes the snapshot, unless Redis has a newer one. `epoch` 0 = not by the leader. Errors: the
/// journal's, fenced.
result<void> publish_credentials(const credential_snapshot& snapshot, journal& to, uint64_t epoch);

}  // namespace pusher
