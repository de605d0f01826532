// The body of one request to a webhook: events in the order of their feed, up to a number and a size.
#pragma once

#include <string>
#include <vector>

#include "model/feed_event.hpp"
#include "model/result.hpp"
#include "model/webhook.hpp"

namespace pusher {

/// The same events make the same id, whoever puts them together; and the same body, unless what they tell of
/// has changed since (a device that was deleted is not named any more).
class webhook_batch {
 public:
  /// Events behind `after`, for the webhook with this public id.
  webhook_batch(std::string webhook_id, const feed_position& after, size_t most_events, size_t most_bytes);

  /// False when it does not fit in any more; then nothing else may be added.
  bool add(const feed_event& event);
  bool full() const { return full_; }
  size_t size() const { return count_; }
  /// Behind the last event.
  const feed_position& end() const { return end_; }

  /// The header webhook-id: named after the events that are in the batch, so that the same id is the same
  /// events.
  std::string message_id() const;
  std::string body() const;

 private:
  std::string webhook_id_;
  std::string names_;  ///< what the id is made from
  feed_position after_, end_;
  size_t most_events_, most_bytes_;
  utc_ms last_at_ = 0;
  std::string events_;  ///< their JSON, joined by commas
  size_t count_ = 0;
  bool full_ = false;
};

/// The body of a ping.
std::string webhook_ping(const std::string& webhook_id, utc_ms at);

/// The headers of Standard Webhooks for a body, signed at `seconds`. Errors: corrupt_data.
result<std::vector<std::string>> webhook_headers(const std::vector<std::string>& secrets,
                                                 const std::string& message_id, int64_t seconds,
                                                 const std::string& body);

}  // namespace pusher
