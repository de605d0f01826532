// What the kernel says of this process, as metrics call it.
#pragma once

#include <cstdint>

namespace pusher {

struct process_numbers {
  double resident_bytes = 0;
  double cpu_seconds = 0;  ///< of user and kernel, since start
  double open_descriptors = 0;
  double most_descriptors = 0;  ///< that it may open
  double threads = 0;
  double started_at = 0;  ///< seconds since the Unix epoch
};

process_numbers read_process();

}  // namespace pusher
