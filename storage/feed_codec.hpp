// How events are written into a row of the feed: thousands in a few bytes each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/feed_event.hpp"
#include "model/ids.hpp"
#include "model/result.hpp"

namespace pusher {

/// Events of one type that concern one notification, or none.
struct feed_group {
  /// Whom an event is about.
  struct subject {
    device_key device;  ///< 0 = the notification itself
    device_key other;   ///< of tokens that moved
  };
  event_type type = event_type::unknown;
  notification_key notification;
  std::vector<subject> subjects;
};

std::string encode(const std::vector<feed_group>& groups);
/// Errors: corrupt_data.
result<std::vector<feed_group>> decode_feed(std::string_view bytes);

}  // namespace pusher
