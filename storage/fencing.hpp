// The check that keeps a former leader from writing.
#pragma once

#include <cstdint>

#include "model/result.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// Within a transaction: whether this epoch still leads. The shared lock keeps a take-over waiting until the
/// transaction ends, so what it writes happens before the next epoch begins. Errors: fenced.
result<void> check_epoch(database::connection& on, uint64_t epoch);

/// What a former leader hears.
error not_leading();

}  // namespace pusher
