// What happened to a device: token changes, and what its client reports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/device.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

class device_history {
 public:
  explicit device_history(database& db) : db_(db) {}

  /// Newest first; `before` = 0 for the first page. The last entry of all is `registered`. Errors: not_found.
  result<std::vector<device_event>> list(application_id app, const std::string& device_id,
                                         std::optional<device_event_type> only, uint64_t before,
                                         size_t limit);
  /// Writes what a client reports (received, opened), and that the device was seen. Errors: not_found (the
  /// device, or with the pointer /notification_id the notification).
  result<device_event> report(application_id app, const std::string& device_id, device_event_type type,
                              const std::optional<std::string>& notification_id);

 private:
  database& db_;
};

}  // namespace pusher
