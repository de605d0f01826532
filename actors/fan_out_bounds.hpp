// What fan-out may take at once, and what it counts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/clock.hpp"
#include "storage/device_store.hpp"

namespace pusher {

constexpr size_t most_readers = 64;  ///< notifications that share a page of all devices

struct fan_out_bounds {
  size_t devices_per_batch = 500;
  page_bounds page;
  size_t first_page_rows = 1000;     ///< smaller, so that the first push leaves early
  utc_ms gather_ms = 20;             ///< longest time that a match waits for its batch to fill
  size_t notifications = 10'000;     ///< under way at once
  utc_ms poll_ms = 1000;             ///< how often the worklist is read without a wake-up
  utc_ms note_ms = 500;              ///< how often a growing audience is written to MariaDB
  utc_ms measure_ms = 10;            ///< how often full queues are looked at again
  utc_ms store_retry_ms = 500;       ///< pause after a failed store action
  utc_ms corrupt_pause_ms = 60'000;  ///< pause before an unreadable notification is tried again
  uint64_t least_mark = 1000;        ///< outstanding targets that a queue may always have
  uint64_t most_mark = 100'000;
  size_t values_per_batch = 1024 * 1024;  ///< bytes of devices' values in one batch
  size_t gathered =
      50'000;  ///< targets of notifications that wait for full queues; more are not read for them
  size_t jobs_per_look = 1000;           ///< of the worklist
  size_t group = 200;                    ///< notifications that one action is for
  size_t group_bytes = 4 * 1024 * 1024;  ///< of their texts and audiences
  size_t ids_per_page = 1000;            ///< of notifications whose named devices are read together
};

struct fan_out_counters {
  uint64_t rows_read = 0, pages = 0, targets = 0, skipped = 0, batches = 0, finished = 0;
};

}  // namespace pusher
