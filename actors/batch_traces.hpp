// The spans of traced push batches in one push-sender: of each batch, and of its first requests to the
// gateway.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/span_exporter.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Of orders that are not traced it sees no more than that.
class batch_traces {
 public:
  explicit batch_traces(span_exporter& to) : exporter_(to) {}

  /// Before an order goes to its transport: what is traced learns what its requests are to say.
  void submitting(push_order& order, push_route route);
  void answered(const std::vector<push_answer>& answers) {
    if (open_.empty()) return;
    for (const auto& each : answers)
      if (auto found = open_.find(each.order); found != open_.end()) take(found, each);
  }

 private:
  /// A batch of which something is with a transport.
  struct batch {
    trace_context place;
    trace_context campaign;  ///< fan-out's span
    notification_key notification;
    push_route route;
    lane urgency = lane::campaign;
    int64_t since_us = 0;
    size_t submitted = 0, left = 0, shown = 0;
    std::map<verdict_kind, int64_t> verdicts;
  };
  using batches = std::unordered_map<uint64_t, batch>;

  void take(batches::iterator of, const push_answer& answer);
  void tell_request(batch& of, const push_answer& answer);
  void tell_batch(const batch& of);

  span_exporter& exporter_;
  batches open_;  ///< by the order's number
};

}  // namespace pusher
