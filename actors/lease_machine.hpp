// The decisions of whoever wants to lead fan-out: when to ask for the lease, prolong it, and take it for
// lost. It does no I/O and reads no clock: its driver asks the store and says what came of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "actors/leadership.hpp"

namespace pusher {

class lease_machine {
 public:
  using time_point = leadership::clock::time_point;
  enum class action : uint8_t { wait, acquire, renew };

  explicit lease_machine(std::chrono::milliseconds lease) : lease_(lease) {}

  /// `able`: whether we could do a leader's work. A leader that cannot reach Redis can do nothing: it does
  /// not prolong its lease, and lets another try.
  action next(bool able) const {
    if (!able) return action::wait;
    return epoch_ != 0 ? action::renew : action::acquire;
  }
  /// How long until the next look.
  std::chrono::milliseconds pause(bool able) const {
    return able ? lease_ / 5 : std::chrono::milliseconds(100);
  }

  // -- what the store answered; no call when it did not answer --
  /// `asked_at` is from before the question: our end comes before the store's.
  void taken(uint64_t epoch, time_point asked_at) {
    epoch_ = epoch;
    until_ = end_from(asked_at);
  }
  void renewed(time_point asked_at) { until_ = end_from(asked_at); }
  void fenced() { epoch_ = 0; }

  /// The epoch whose time has run out just now, if it has: we do not lead in it any more.
  std::optional<uint64_t> ran_out(time_point now) {
    if (epoch_ == 0 || now < until_) return std::nullopt;
    auto lost = epoch_;
    epoch_ = 0;
    return lost;
  }

  uint64_t epoch() const { return epoch_; }  ///< 0 when we do not lead
  void tell(leadership& lead) const { epoch_ != 0 ? lead.hold(epoch_, until_) : lead.lose(); }

 private:
  /// We stop acting this much before the lease runs out: a commit under way should not outlive it.
  time_point end_from(time_point asked_at) const { return asked_at + lease_ - lease_ / 5; }

  std::chrono::milliseconds lease_;
  uint64_t epoch_ = 0;
  time_point until_;
};

}  // namespace pusher
