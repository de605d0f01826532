// The gateway of the simulation, and the transports of its senders. What a push comes to is decided when it
// arrives.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "tests/simulation/simulation.hpp"
#include "transports/transport.hpp"

namespace pusher::testing {

class simulated_transport final : public transport {
 public:
  simulated_transport(simulation& of, answer_sink& sink);
  ~simulated_transport() override;

  void submit(push_order order) override;
  void recorded(size_t answers) override { unrecorded_ -= std::min(unrecorded_, answers); }
  void withdraw(uint64_t order) override;
  void withdraw_all() override;
  void grant(size_t) override {}
  transport_stats stats() const override;

  // -- what time brings; false when there is nothing to do --
  bool start_one();
  bool answer_one();
  simulated_process* process() const { return process_; }
  bool idle() const { return waiting_.empty() && in_flight_.empty(); }

 private:
  struct push {
    uint64_t order = 0;
    uint32_t number = 0;
    notification_key notification;
    device_key device;
    utc_ms expires_at = 0;
    bool may_repeat = false;
    verdict comes_to;
    utc_ms answered_at = 0;
  };
  void answer(const push& what);

  simulation& of_;
  answer_sink& sink_;
  simulated_process* const process_;
  std::deque<push> waiting_;
  std::deque<push> in_flight_;
  size_t unrecorded_ = 0;
};

class simulated_gateway {
 public:
  explicit simulated_gateway(simulation& of);

  /// Something happens at one of the transports; false when nothing can.
  bool step();
  /// What a push comes to that arrives now.
  verdict judge();
  /// One push of the first notification.
  bool is_poison(notification_key of, device_key device) const { return of.value == 1 && device == poison_; }

  std::vector<simulated_transport*> transports;

 private:
  simulation& of_;
  unsigned troubles_;  ///< one in so many pushes meets one
  device_key poison_;
};

}  // namespace pusher::testing
