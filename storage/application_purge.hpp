// Removes what a deleted application leaves behind, in steps that hurt nobody.
#pragma once

#include "model/ids.hpp"
#include "model/result.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// Cancels what is launched, sending or paused; the rest of their lives is as of any canceled one. How many.
result<uint64_t> cancel_notifications(database::connection& on, application_id app);

/// See application_store::purge.
result<bool> purge_applications(database& db, size_t most_rows, utc_ms grace_ms);

}  // namespace pusher
