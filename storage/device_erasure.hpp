// Deleting devices with all that hangs on them: history and index rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

struct erased_counts {
  uint64_t devices = 0;
  uint64_t events = 0;
  std::vector<std::string> device_ids;  ///< of the devices
};

/// What names the devices to be erased.
enum class device_column : uint8_t { device_id, user_id };

/// Deletes up to `most` devices that bear one of the values, within the caller's transaction. Deliveries
/// stay, as numbers of their notification, and belong to no device any more.
result<erased_counts> erase_devices(database::connection& on, application_id app, device_column column,
                                    const std::vector<std::string>& values, size_t most);

}  // namespace pusher
