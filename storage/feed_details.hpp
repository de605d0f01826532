// What a feed's row does not say of its events and readers want to know: ids, codes, attempts.
#pragma once

#include <vector>

#include "model/feed_event.hpp"
#include "storage/connection.hpp"
#include "storage/feed_codec.hpp"

namespace pusher {

/// An event as its row has it.
struct bare_event {
  feed_position behind;
  event_type type = event_type::unknown;
  utc_ms at = 0;
  notification_key notification;
  feed_group::subject subject;
};

/// In the same order, without those whose notification is gone.
result<std::vector<feed_event>> read_details(database::connection& on, application_id app,
                                             const std::vector<bare_event>& events);

}  // namespace pusher
