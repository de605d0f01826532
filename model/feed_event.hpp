// What the feed of an application tells: what became of pushes and tokens, what clients reported, which
// notifications are settled.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/clock.hpp"
#include "model/device.hpp"
#include "model/ids.hpp"
#include "model/notification.hpp"
#include "model/outcome.hpp"

namespace pusher {

/// Numbers are stored: never renumber. Outcomes have their own numbers, types of device events theirs
/// plus 20. `registered` is in devices' histories alone, `notification_settled` in the feed alone.
enum class event_type : uint8_t {
  accepted = 1,
  unregistered = 2,
  rejected = 3,
  failed = 4,
  expired = 5,
  canceled = 6,
  skipped = 7,
  unknown = 8,
  registered = 20,
  token_replaced = 21,
  token_moved_in = 22,
  token_moved_out = 23,
  disabled = 24,
  enabled = 25,
  received = 30,
  opened = 31,
  notification_settled = 40  ///< every target has its outcome, and none will come
};
/// Of the feed.
inline constexpr std::array all_event_types{event_type::accepted,        event_type::unregistered,
                                            event_type::rejected,        event_type::failed,
                                            event_type::expired,         event_type::canceled,
                                            event_type::skipped,         event_type::unknown,
                                            event_type::token_replaced,  event_type::token_moved_in,
                                            event_type::token_moved_out, event_type::disabled,
                                            event_type::enabled,         event_type::received,
                                            event_type::opened,          event_type::notification_settled};
/// Of a device's history.
inline constexpr std::array all_history_types{
    event_type::accepted,       event_type::unregistered,   event_type::rejected,
    event_type::failed,         event_type::expired,        event_type::canceled,
    event_type::skipped,        event_type::unknown,        event_type::registered,
    event_type::token_replaced, event_type::token_moved_in, event_type::token_moved_out,
    event_type::disabled,       event_type::enabled,        event_type::received,
    event_type::opened};

std::string_view to_string(event_type value);
std::optional<event_type> parse_event_type(std::string_view name);
/// The type with that stored number; nothing for a number that does not exist.
std::optional<event_type> event_type_from_number(uint8_t number);

constexpr event_type event_of(outcome value) {
  return static_cast<event_type>(value);
}
constexpr event_type event_of(device_event_type value) {
  return static_cast<event_type>(static_cast<uint8_t>(value) + 20);
}
/// The outcome that the event tells of, if it is one.
constexpr std::optional<outcome> outcome_of(event_type value) {
  if (value > event_type::unknown) return std::nullopt;
  return static_cast<outcome>(value);
}

/// A set of types of events.
class event_types {
 public:
  static event_types all() {
    event_types made;
    for (auto each : all_event_types)
      made.add(each);
    made.add(event_type::registered);
    return made;
  }
  void add(event_type value) { bits_ |= uint64_t{1} << static_cast<unsigned>(value); }
  bool has(event_type value) const { return (bits_ >> static_cast<unsigned>(value) & 1) != 0; }
  bool empty() const { return bits_ == 0; }

 private:
  uint64_t bits_ = 0;
};

/// A place in an application's feed: behind the event `offset` - 1 of the row. Zeros: before the first.
struct feed_position {
  uint64_t row = 0;
  utc_ms at = 0;  ///< when the row was written; tells it from one that took its number, see event_feed
  uint64_t offset = 0;
};

struct feed_event {
  feed_position behind;  ///< reading on from here gives the next event
  event_type type = event_type::unknown;
  utc_ms at = 0;
  std::string device_id;  ///< empty when it was deleted since, or no device is concerned; likewise the next
  std::string other_device_id;  ///< of token_moved_in and token_moved_out
  std::string notification_id;  ///< public id; empty when none is concerned or it was deleted since
  std::optional<std::string> external_id;  ///< the notification's
  std::optional<pusher::gateway> gateway;
  /// Of notification_settled: completed, expired or canceled.
  std::optional<notification_state> state;
  uint32_t attempts = 0;  ///< of outcomes; likewise below
  std::string code;
  std::string gateway_message_id;

  /// Grows from event to event of an application, with gaps; exact in a double. A row has fewer than 65,536.
  uint64_t sequence() const { return behind.row << 16 | behind.offset; }
  /// The same whenever the event is read, and no other event's in its application.
  std::string id() const { return std::to_string(behind.row) + "-" + std::to_string(behind.offset); }
};

}  // namespace pusher
