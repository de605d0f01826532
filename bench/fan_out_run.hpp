// Fan-out by itself: the real driver with the real stores, and nobody who takes the batches away.
#pragma once

#include <string>
#include <vector>

#include "bench/private_stores.hpp"
#include "storage/device_store.hpp"

namespace pusher::bench {

struct fan_out_run {
  uint64_t rows = 0, targets = 0;
  cost took;
};

/// Launches a notification for each condition and fans them out together. `epoch` grows from run to run.
fan_out_run fan_out(private_stores& stores, application_id app, uint64_t epoch,
                    const std::vector<std::string>& conditions);

/// Stores `count` devices; how many a second.
double fill(device_store& devices, application_id app, uint64_t count);

}  // namespace pusher::bench
