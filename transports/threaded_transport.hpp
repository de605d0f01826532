// The thread around a transport's loop: hands over what other threads ask, and the answers.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "model/result.hpp"
#include "transports/answer_window.hpp"
#include "transports/event_loop.hpp"
#include "transports/gateway_protocol.hpp"
#include "transports/gateway_sender.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// What runs on the loop's thread. Made on another one, before the loop runs.
class loop_side {
 public:
  virtual ~loop_side() = default;
  virtual void submit(push_order order) = 0;
  virtual void recorded(size_t answers) = 0;
  /// See transport.
  virtual void grant(size_t requests) = 0;
  virtual void withdraw(uint64_t order) = 0;
  virtual void withdraw_all() = 0;
  /// Starts pushes and writes them; returns when it is due again.
  virtual steady_time on_round(steady_time now) = 0;
  /// The answers since the last call.
  virtual std::vector<push_answer> take_answers() = 0;
  virtual transport_stats stats(steady_time now) const = 0;
};

/// The loop side of a gateway with one origin. Owns all that its sender needs.
class single_origin final : public loop_side {
 public:
  single_origin(event_loop& loop, tls_context tls, std::unique_ptr<gateway_protocol> protocol,
                std::string name, const origin& where, const limits_settings& limits, h2::pool_bounds bounds,
                sending_pace pace)
      : tls_(std::move(tls)),
        protocol_(std::move(protocol)),
        window_(limits.unrecorded_answers),
        sender_({loop, tls_, *protocol_, window_}, std::move(name), where, bounds, pace) {}

  void submit(push_order order) override { sender_.submit(std::move(order)); }
  void recorded(size_t answers) override { window_.recorded(answers); }
  void grant(size_t requests) override { sender_.grant(requests); }
  void withdraw(uint64_t order) override { sender_.withdraw(order); }
  void withdraw_all() override { sender_.withdraw_all(); }
  steady_time on_round(steady_time now) override { return sender_.on_round(now); }
  std::vector<push_answer> take_answers() override { return sender_.take_answers(); }
  transport_stats stats(steady_time now) const override {
    auto numbers = sender_.numbers();
    numbers.trouble = sender_.trouble(now);
    return numbers;
  }

 private:
  tls_context tls_;
  std::unique_ptr<gateway_protocol> protocol_;
  answer_window window_;
  gateway_sender sender_;
};

/// Starts the thread. `make` gets the loop, which outlives what it makes. Errors: internal, and make's.
result<std::unique_ptr<transport>> start_transport(
    answer_sink& sink, const std::function<result<std::unique_ptr<loop_side>>(event_loop&)>& make);

}  // namespace pusher
