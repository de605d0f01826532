// What happened to a device: pushes, token changes, and what its client reports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/feed_event.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

class device_history {
 public:
  explicit device_history(database& db) : db_(db) {}

  /// Where a page ended. All zeros: the newest.
  struct position {
    uint64_t event = 0;         ///< entries of device_events below this id follow
    uint64_t notification = 0;  ///< notifications below this id follow
    uint64_t given = 0;         ///< how many entries of the notification just below were given already
  };
  struct page {
    std::vector<feed_event> entries;  ///< their `behind` is not set
    position next;
    bool at_end = false;
  };
  /// Newest first; of what the notifications brought, all that belongs to one stands together, where it was
  /// launched. The last entry of all is `registered`. Pushes have no index by device, which would cost as
  /// much as their rows: the application's notifications are gone through by key, so many for a page, which
  /// may therefore be short or empty and not the last. `of`: only what concerns this notification. Errors:
  /// not_found (the device, or with the pointer /notification_id the notification).
  result<page> list(application_id app, const std::string& device_id, event_types wanted,
                    const std::optional<std::string>& of, position from, size_t limit);

 private:
  database& db_;
};

}  // namespace pusher
