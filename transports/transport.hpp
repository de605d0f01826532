// What a push-sender asks of a gateway's client, and what it gets back. Knows no actors and no stores.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/clock.hpp"
#include "model/ids.hpp"
#include "model/job.hpp"
#include "model/notification.hpp"
#include "model/share_gauge.hpp"
#include "transports/push_tally.hpp"

namespace pusher {

/// What a gateway's answer, or its absence, means for one target.
enum class verdict_kind : uint8_t {
  accepted,           ///< the gateway took it
  unregistered,       ///< the token is dead
  rejected,           ///< refused for good; the token stays
  retry,              ///< the gateway said "later", or its answer promises that another try may succeed
  expired,            ///< its time-to-live ended before the request left
  other_environment,  ///< the token seems to belong to the gateway's other environment: try it there, once
  postponed,          ///< not sent, and not to be before `retry_after_ms` has passed; is not an attempt
  unsent,  ///< certainly not processed by the gateway; may be sent again at once, is not an attempt
  unknown  ///< the request left and no answer came
};

struct verdict {
  verdict_kind kind = verdict_kind::unknown;
  std::string code;                ///< the gateway's error code, e.g. QUOTA_EXCEEDED; empty when accepted
  std::string gateway_message_id;  ///< when accepted
  std::string replacement_token;   ///< when accepted: the device's token from now on; empty = the same
  /// With `retry`: how long the gateway asks us to wait; 0 = it did not say, back off by our own rule.
  int64_t retry_after_ms = 0;
  /// With `retry` and no retry_after_ms: the shortest first wait that the gateway demands.
  int64_t minimum_wait_ms = 0;
  bool credential_refused = false;  ///< what the gateway does not take is the credential, not this push
  utc_ms unregistered_at = 0;       ///< with `unregistered`: since when the gateway knows, 0 = it did not say
};

/// Whether an answer of this kind came from the gateway, or may have: such answers must be recorded.
inline bool is_attempt(verdict_kind kind) {
  return kind != verdict_kind::unsent && kind != verdict_kind::postponed && kind != verdict_kind::expired;
}

/// A path of its own to the devices: what blocks one says nothing about the others.
enum class channel : uint8_t { fcm, apns, apns_sandbox, webpush, hms };
inline constexpr std::array all_channels{channel::fcm, channel::apns, channel::apns_sandbox, channel::webpush,
                                         channel::hms};
std::string_view to_string(channel value);
channel channel_of(gateway gateway, environment environment);

/// Some of the channels.
class channel_set {
 public:
  channel_set() = default;
  channel_set(std::initializer_list<channel> members) {
    for (auto each : members)
      insert(each);
  }
  void insert(channel which) { bits_ = static_cast<uint8_t>(bits_ | bit(which)); }
  void insert(channel_set others) { bits_ = static_cast<uint8_t>(bits_ | others.bits_); }
  bool contains(channel which) const { return (bits_ & bit(which)) != 0; }
  bool empty() const { return bits_ == 0; }
  friend bool operator==(channel_set a, channel_set b) { return a.bits_ == b.bits_; }
  friend bool operator!=(channel_set a, channel_set b) { return a.bits_ != b.bits_; }

 private:
  static uint8_t bit(channel which) { return static_cast<uint8_t>(1U << static_cast<unsigned>(which)); }
  uint8_t bits_ = 0;
};

/// The channels that applications have a credential for.
using reachability = std::map<application_id, channel_set>;

/// An application's channel. Each has credentials of its own: what holds one up is of no concern to others.
struct push_route {
  application_id application;
  pusher::channel channel = channel::fcm;

  friend bool operator<(const push_route& a, const push_route& b) {
    return a.application == b.application ? a.channel < b.channel : a.application < b.application;
  }
  friend bool operator==(const push_route& a, const push_route& b) {
    return a.application == b.application && a.channel == b.channel;
  }
};

/// Targets of one batch that are to be sent, in order.
struct push_order {
  uint64_t id = 0;  ///< the sender's own number, echoed in answers
  std::shared_ptr<const message> content;
  lane urgency = lane::campaign;
  std::vector<push_target> targets;
  std::vector<uint32_t> numbers;  ///< what answers call targets[i]; same length as targets
  /// What the requests say of the trace that they belong to; empty = they are not traced.
  std::string trace_parent = {};
  /// A transport's own: bodies made per target before it queues them; same length as targets, or empty.
  std::vector<std::string> bodies = {};
};

struct push_answer {
  uint64_t order = 0;
  uint32_t number = 0;
  pusher::verdict verdict;
  uint32_t took_us = 0;  ///< from the start of its request to the answer; 0 = there was none
  uint16_t status = 0;   ///< of the answer; 0 = there was none
};

/// Where answers go. Called on the transport's own thread: must return fast and never block.
class answer_sink {
 public:
  virtual ~answer_sink() = default;
  virtual void on_answers(std::vector<push_answer> answers) = 0;
};

/// What an operator sees of a transport. A snapshot; every number is a plain count unless named otherwise.
/// Why a target waits although it could be sent, in thousandths of the last seconds; and how busy the thread
/// is.
struct transport_shares {
  permille loop = 0;     ///< the transport's thread worked
  permille streams = 0;  ///< every stream of every connection was in use: the gateway's latency is the limit
  permille records = 0;  ///< too many answers waited for their record (answer_window.hpp)
  permille rate = 0;     ///< a quota or a ramp was the limit
  permille breaker = 0;  ///< the gateway refuses, or cannot be reached
  permille credential = 0;  ///< there was no good credential
};

/// Why targets that could be sent wait; what transport_shares are made of.
struct held_by {
  enum kind : size_t { streams, records, rate, breaker, credential, kinds };
};
using held_times = std::array<std::chrono::nanoseconds, held_by::kinds>;

/// Of the access or provider token that requests carry: it is made again and again from the credential.
struct token_life {
  std::chrono::steady_clock::time_point born, ends;
};

struct transport_stats {
  uint64_t requests = 0;         ///< requests written since start
  uint64_t in_flight = 0;        ///< requests without an answer
  uint64_t queued = 0;           ///< targets submitted and not yet written
  uint64_t connections = 0;      ///< open and usable
  uint64_t grants = 0;           ///< requests that were granted and not started
  uint64_t stream_capacity = 0;  ///< streams that the open connections allow together
  transport_shares shares;
  held_times held{};                      ///< until the last round, since the beginning
  std::optional<held_by::kind> held_now;  ///< since the last round
  bool breaker_open = false;        ///< new requests wait because the gateway refuses or cannot be reached
  bool credential_refused = false;  ///< nobody gets through with this credential
  std::string refused_code;         ///< the gateway's word for that; empty when it did not say one
  std::string trouble;              ///< why, in one sentence without secrets; empty when well
  std::optional<token_life> token;  ///< nothing where there is none, or none yet
  push_tally tally;                 ///< since start

  /// Adds what counts since start, and nothing of this moment.
  void add_counters(const transport_stats& more) {
    requests += more.requests;
    for (size_t i = 0; i < held.size(); ++i)
      held[i] += more.held[i];
    tally += more.tally;
  }
};

/// One gateway's client for one credential. Thread-safe. Every submitted target is answered exactly once.
class transport {
 public:
  /// Ends the connections; targets without an answer get none.
  virtual ~transport() = default;

  /// Takes targets over for sending.
  virtual void submit(push_order order) = 0;

  /// Says that so many answers were recorded durably. A transport starts no request while
  /// `limits.unrecorded_answers` answers are neither recorded nor free of the need (is_attempt), so that a
  /// crash of this process can double only open streams and that many; one request for many targets may
  /// overshoot by its own.
  virtual void recorded(size_t answers) = 0;

  /// Calls back what has not been written yet: those targets are answered `unsent` at once.
  virtual void withdraw(uint64_t order) = 0;
  virtual void withdraw_all() = 0;

  /// From the first call on, requests start only as they are granted: so many more may. For a rate that is
  /// shared with other processes.
  virtual void grant(size_t requests) = 0;

  virtual transport_stats stats() const = 0;
};

}  // namespace pusher
