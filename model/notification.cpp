#include "model/notification.hpp"

namespace pusher {

std::string_view to_string(notification_state value) {
  switch (value) {
    case notification_state::draft:
      return "draft";
    case notification_state::scheduled:
      return "scheduled";
    case notification_state::launched:
      return "launched";
    case notification_state::sending:
      return "sending";
    case notification_state::completed:
      return "completed";
    case notification_state::paused:
      return "paused";
    case notification_state::canceled:
      return "canceled";
    case notification_state::expired:
      return "expired";
    case notification_state::deleted:
      return "deleted";
  }
  return "draft";
}

std::optional<notification_state> parse_notification_state(std::string_view name) {
  for (int number = 1; number <= 8; ++number)
    if (auto each = static_cast<notification_state>(number); to_string(each) == name) return each;
  return std::nullopt;
}

std::string_view to_string(lane value) {
  switch (value) {
    case lane::transactional:
      return "transactional";
    case lane::campaign:
      return "campaign";
  }
  return "campaign";
}

std::optional<lane> parse_lane(std::string_view name) {
  for (auto each : {lane::transactional, lane::campaign})
    if (to_string(each) == name) return each;
  return std::nullopt;
}

}  // namespace pusher
