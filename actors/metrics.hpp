// The node's metrics in Prometheus's text format. Labels have a bounded range; never a token, device or
// notification.
#pragma once

#include <memory>
#include <string>

#include "actors/fan_out_machine.hpp"
#include "actors/sender_machine.hpp"
#include "actors/writer_machine.hpp"
#include "storage/journal.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Thread-safe. Roles report their running totals; what was already reported is subtracted here.
class metrics {
 public:
  metrics();
  ~metrics();

  void request_answered(int status, double seconds);
  void sender(unsigned index, const sender_counters& totals, size_t open_batches);
  void transport(unsigned index, std::string_view gateway, const transport_stats& stats);
  void fan_out(const fan_out_counters& totals, size_t under_way, bool leading);
  void writer(unsigned index, const writer_counters& totals);
  void journal_depth(const journal::depths& depths);
  void role_restarted(const char* role);
  void token_hold_began(std::string_view gateway);
  /// `result`: taken, refused, no_answer.
  void webhook_answered(const char* result, size_t events_taken);
  /// `reason`: gone, failing.
  void webhook_disabled(std::string_view reason);
  /// How many wait for another try.
  void webhooks_waiting(size_t count);

  std::string text() const;

 private:
  struct families;
  std::unique_ptr<families> families_;
};

}  // namespace pusher
