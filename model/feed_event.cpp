#include "model/feed_event.hpp"

namespace pusher {

std::string_view to_string(event_type value) {
  if (auto settled = outcome_of(value)) return to_string(*settled);
  if (value == event_type::notification_settled) return "notification_settled";
  return to_string(static_cast<device_event_type>(static_cast<uint8_t>(value) - 20));
}

std::optional<event_type> parse_event_type(std::string_view name) {
  for (auto each : all_event_types)
    if (to_string(each) == name) return each;
  return std::nullopt;
}

std::optional<event_type> event_type_from_number(uint8_t number) {
  for (auto each : all_event_types)
    if (static_cast<uint8_t>(each) == number) return each;
  return std::nullopt;
}

}  // namespace pusher
