// The loop side of Web Push: one sender per push service, made when a subscription names it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "transports/threaded_transport.hpp"
#include "transports/webpush/protocol.hpp"
#include "transports/webpush/workers.hpp"

namespace pusher {

/// Push services are of no concern to each other: each has its own connections, streams, signature and
/// breaker. Targets of one that takes no pushes go back into the journal, so that they hold up no others.
class push_services final : public loop_side {
 public:
  push_services(event_loop& loop, tls_context tls, ec_key key, std::string subject,
                const webpush_settings& settings, const limits_settings& limits);

  void submit(push_order order) override;
  void recorded(size_t answers) override { window_.recorded(answers); }
  /// Push services say themselves how much is too much.
  void grant(size_t) override {}
  void withdraw(uint64_t order) override;
  void withdraw_all() override;
  steady_time on_round(steady_time now) override;
  std::vector<push_answer> take_answers() override;
  transport_stats stats(steady_time now) const override;

 private:
  struct service {
    std::unique_ptr<web_push_protocol> protocol;
    std::unique_ptr<gateway_sender> sender;
    steady_time used;
  };

  using by_authority = std::map<std::string, service>;

  void take_encrypted(steady_time now);
  void hand_over(encrypted_part part, steady_time now);
  service* find_service(const origin& where, steady_time now);
  void free_held_up(service& which, steady_time now);
  void forget_idle(steady_time now);
  by_authority::iterator forget(by_authority::iterator which);
  void answer(uint64_t order, uint32_t number, verdict made);
  void answer_all(const push_order& order, const verdict& made);

  event_loop& loop_;
  tls_context tls_;
  const ec_key key_;
  const std::string subject_;
  const h2::pool_bounds bounds_;
  const unsigned retry_budget_percent_;
  answer_window window_;
  by_authority services_;
  uint64_t past_requests_ = 0;  ///< of services that were forgotten
  push_tally past_tally_;       ///< likewise
  std::vector<push_answer> answers_;
  std::map<uint64_t, size_t> encrypting_;  ///< targets of each order that the workers have
  std::set<uint64_t> withdrawn_;           ///< orders whose targets are not to be sent when they come
  steady_time next_sweep_;
  encryption_workers workers_;  ///< last: their threads end first
};

}  // namespace pusher
