// Stops asking a gateway that refuses everything, and finds out when it recovers.
#pragma once

#include <chrono>

#include "transports/back_off.hpp"

namespace pusher {

/// Arithmetic only: the caller brings the time. Not thread-safe.
///
/// It opens at 20 failures in a row that took 300 ms at least (some targets that fail for reasons of their
/// own, one after the other, are no outage), or at once when the gateway says that the whole credential must
/// wait. When the wait is over exactly one request goes out; its answer closes the breaker, or opens it for
/// longer.
class breaker {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  explicit breaker(uint32_t seed = std::random_device{}())
      : waits_(milliseconds(1'000), milliseconds(60'000), seed) {}

  /// Whether a request may start. While open: only the one probe, once its time has come.
  bool may_start(time_point now) const { return !open_ || (!probing_ && now >= until_); }
  /// Notes a start; returns true when that request is the probe.
  bool started() {
    if (open_) probing_ = true;
    return open_;
  }

  /// The gateway works: it answered something other than "later".
  void on_success(bool probe) {
    failures_ = 0;
    quota_refusals_ = 0;
    if (!open_ || !probe) return;  // answers to what was sent before it opened prove nothing
    open_ = probing_ = false;
    waits_.reset();
  }
  /// "Later", or no use; `wait` is what the gateway asked for, 0 = nothing.
  void on_failure(bool probe, milliseconds wait, time_point now) {
    if (failures_++ == 0) failing_since_ = now;
    bool lasting = failures_ >= failures_to_open && now >= failing_since_ + shortest_outage;
    if (probe || (!open_ && lasting)) open(wait, now);
  }
  /// The whole credential is refused or must wait.
  void on_refusal(bool probe, milliseconds wait, time_point now) {
    if (!open_ || probe) {
      open(wait, now);
    } else if (wait.count() > 0) {
      until_ = std::max(until_, now + wait);
    }
  }
  /// The project's quota is said to be used up. While other answers are still good, only that target waits: a
  /// used-up quota refuses everything.
  void on_quota(bool probe, milliseconds wait, time_point now) {
    if (++quota_refusals_ >= quota_refusals_to_open || probe) on_refusal(probe, wait, now);
  }
  /// The probe came back without having reached the gateway: the next one may go.
  void on_probe_lost(time_point now) {
    probing_ = false;
    until_ = std::max(until_, now + milliseconds(1'000));
  }

  bool is_open() const { return open_; }
  /// When the probe may go; only while open.
  time_point probe_due() const { return until_; }

 private:
  static constexpr unsigned failures_to_open = 20;
  static constexpr milliseconds shortest_outage{300};
  static constexpr unsigned quota_refusals_to_open = 10;

  void open(milliseconds wait, time_point now) {
    open_ = true;
    probing_ = false;
    auto own = waits_.next();
    until_ = now + (wait.count() > 0 ? wait : own);
  }

  back_off waits_;
  unsigned failures_ = 0;
  unsigned quota_refusals_ = 0;
  time_point failing_since_;
  bool open_ = false;
  bool probing_ = false;
  time_point until_;
};

}  // namespace pusher
