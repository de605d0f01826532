// The node's metrics in Prometheus's and OpenMetrics' text formats. Labels have a bounded range; never a
// token, device or notification. What the families are: actors/metric_families.hpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/fan_out_machine.hpp"
#include "actors/self_check_board.hpp"
#include "actors/sender_machine.hpp"
#include "actors/transport_numbers.hpp"
#include "actors/writer_machine.hpp"
#include "http/health.hpp"
#include "model/duration_counts.hpp"
#include "storage/journal.hpp"

namespace pusher {

/// How long the credentials of an application and gateway are still good.
using credential_expiries = std::map<std::pair<std::string, std::string>, double>;

/// What is asked only when somebody looks at the metrics.
struct node_moment {
  bool ready = false;
  std::vector<std::pair<std::string, bool>> checks;
  uint64_t epoch = 0;  ///< in which it leads; 0 = it does not
  double lease_remaining_seconds = 0;
  uint64_t spans_exported = 0, spans_dropped = 0, spans_failed = 0;
};

/// Thread-safe. Whoever counts does so on its own and reports running totals, once for many pushes; what was
/// already reported is subtracted here.
class metrics {
 public:
  /// No more than so many applications are named in labels; the rest is `other`.
  explicit metrics(size_t most_applications = 50);
  ~metrics();

  void request_answered(int status, double seconds);
  void sender(unsigned index, const sender_counters& totals, size_t open_batches);
  void transports(unsigned index, const transport_numbers& numbers);
  /// Seconds until the credentials in use expire, the soonest of each; replaces what was said before.
  void credentials_expire(const credential_expiries& seconds);
  void fan_out(const fan_out_counters& totals, size_t under_way, bool leading);
  void writer(unsigned index, const writer_counters& totals);
  /// From the launch until a gateway took the push, of rows that were stored just now.
  void accepted_after(lane urgency, const duration_counts<launch_scale>& counts);
  void journal_depth(const journal::depths& depths);
  void redis_memory(unsigned percent);
  /// Whether the journal is lost or half rebuilt, as far as this node knows.
  void journal_rebuilding(bool now);
  /// By this node.
  void journal_rebuilt();
  void role_restarted(const char* role);
  void token_hold_began(std::string_view gateway);
  /// `reason`: no_progress, unusable.
  void dead_letter(const char* stage, const char* reason);
  /// `result`: taken, refused, no_answer.
  void webhook_answered(const char* result, size_t events_taken);
  /// `reason`: gone, failing.
  void webhook_disabled(std::string_view reason);
  /// How many wait for another try.
  void webhooks_waiting(size_t count);
  /// Other nodes that live, and those of them that we are connected to.
  void peers(size_t alive, size_t connected);
  /// When the certificate by which other nodes know us ends, UTC milliseconds.
  void certificate_ends(utc_ms at);

  /// What the leader's self-check found; empty when this process does not lead.
  void self_checked(const self_check_findings& found);

  /// `what`: notifications, deliveries, reports, feed, history, devices, idempotency_keys.
  void purged(const char* what, uint64_t rows);

  std::string text(http::metrics_format format, const node_moment& now) const;

 private:
  struct reporters;
  std::unique_ptr<reporters> reporters_;
};

}  // namespace pusher
