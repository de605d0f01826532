// Webhooks: where an application wants its events delivered, and how that goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/feed_event.hpp"
#include "model/ids.hpp"

namespace pusher {

using webhook_key = row_id<struct webhook_tag>;

/// Numbers are stored: never renumber.
enum class webhook_state : uint8_t {
  enabled = 1,
  disabled = 2,  ///< by a client
  gone = 3,      ///< the receiver answered 410
  failing = 4    ///< the last try of the schedule failed
};
std::string_view to_string(webhook_state value);

/// What a client decides of a webhook.
struct webhook_options {
  std::string url;
  std::string description;
  std::vector<event_type> events;  ///< empty = all, those of later versions too
  bool enabled = true;
  uint32_t max_events = 100;     ///< of one request
  uint32_t max_wait_ms = 1'000;  ///< how long an event waits for others to join it
};

struct webhook {
  webhook_key key;
  std::string id;  ///< public
  application_id application;
  webhook_options options;  ///< its `enabled` says the same as `state`
  webhook_state state = webhook_state::enabled;
  utc_ms created_at = 0;
  utc_ms updated_at = 0;
  utc_ms disabled_at = 0;
  utc_ms previous_secret_until = 0;  ///< 0 = only one secret signs
  feed_position cursor;              ///< everything before it was delivered
  uint32_t tries = 0;                ///< failed ones of the batch that is next
  utc_ms failing_since = 0;          ///< 0 = the last request was taken
  utc_ms next_try_at = 0;
  utc_ms last_taken_at = 0;
  std::string last_trouble;
};

/// One request to a receiver.
struct webhook_attempt {
  uint64_t number = 0;     ///< counts the webhook's requests
  std::string message_id;  ///< the header webhook-id
  std::string type;        ///< of the body: events, ping
  uint32_t events = 0;
  int status = 0;  ///< 0 = no answer
  int64_t latency_ms = 0;
  std::string trouble;  ///< why it was not taken; empty = it was
  std::string excerpt;  ///< of an answer that was not 2xx
  utc_ms at = 0;
  utc_ms next_try_at = 0;  ///< 0 = none
};

/// What delivering needs to know of an enabled webhook.
struct webhook_job {
  webhook_key key;
  std::string id;
  application_id application;
  /// Changes with every change by a client: what was begun under an older one does not count.
  uint64_t generation = 0;
  std::string url;
  std::vector<event_type> events;
  uint32_t max_events = 0;
  uint32_t max_wait_ms = 0;
  std::vector<std::string> sealed_secrets;  ///< each signs
  feed_position cursor;
  std::optional<feed_position> batch_end;  ///< of the batch that was begun
  uint32_t tries = 0;
  int64_t due_in_ms = 0;  ///< until the next try, by the database's clock
};

}  // namespace pusher
