#include "model/notification.hpp"

#include "model/message_wording.hpp"

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

message message_of(const notification_draft& draft) {
  message made;
  made.content = draft.content;
  made.localizations = draft.localizations;
  made.android = draft.android;
  made.apns = draft.apns;
  made.webpush = draft.webpush;
  made.hms = draft.hms;
  made.collapse_key = draft.collapse_key;
  made.rate_per_second = draft.rate_per_second;
  made.allow_duplicates = draft.allow_duplicates;
  made.variables = variables_of(made);
  made.trace_parent = draft.trace_parent;
  return made;
}

std::vector<std::string> named_devices(const audience& of) {
  if (const auto* devices = std::get_if<audience_device_ids>(&of)) return devices->ids;
  std::vector<std::string> ids;
  if (const auto* given = std::get_if<audience_targets>(&of))
    for (const auto& each : given->targets)
      ids.push_back(each.device_id);
  return ids;
}

}  // namespace pusher
