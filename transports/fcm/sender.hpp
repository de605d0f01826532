// The loop side of the FCM transport: which push starts when, and what becomes of each answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "transports/answer_window.hpp"
#include "transports/breaker.hpp"
#include "transports/event_loop.hpp"
#include "transports/fcm/verdicts.hpp"
#include "transports/h2_pool.hpp"
#include "transports/lane_queue.hpp"
#include "transports/oauth_client.hpp"
#include "transports/pacer.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// Lives on the loop's thread. Driven in rounds: events finish exchanges, then on_round() starts what may
/// start.
class fcm_sender final : public h2::exchange_listener {
 public:
  struct parts {
    event_loop& loop;
    const tls_context& tls;
    oauth_client& tokens;
    pusher::origin origin;
    std::string project_id;
  };

  fcm_sender(parts from, const fcm_settings& settings, const limits_settings& limits);
  ~fcm_sender();

  // -- what the node asks --
  void submit(push_order order);
  void recorded(size_t answers) { window_.recorded(answers); }
  void withdraw(uint64_t order);
  void withdraw_all();

  /// Starts pushes and writes them; returns when it is due again.
  steady_time on_round(steady_time now);
  /// The answers since the last call.
  std::vector<push_answer> take_answers() { return std::move(answers_); }

  /// Everything but `trouble`.
  transport_stats numbers() const;
  /// Why it does not go on, in one sentence; empty when well.
  std::string trouble(steady_time now) const;

 private:
  struct push;

  void on_finished(h2::exchange& done) override;

  // Before a push.
  void take_token();
  void send_again_with_new_token();
  void expire_waiting(steady_time now);
  template <class Wanted>
  void take_waiting(Wanted wanted, const lane_queue::give_up& each);
  void start_pushes(steady_time now);
  lane_queue* next_lane(size_t free_streams, size_t kept_free);
  bool start(open_target target, lane urgency);
  bool prepare(push& fresh);
  steady_time next_due(steady_time pool_due, steady_time now) const;
  size_t queued() const { return urgent_.size() + campaigns_.size(); }

  // After a push.
  void judge(push& done);
  void on_credential_refused(push& done, verdict refusal);
  void answer(const open_target& target, verdict verdict);
  void give_back(const open_target& target, verdict_kind kind);
  push& take_free();
  void release(push& done);

  event_loop& loop_;
  oauth_client& tokens_;
  std::string authority_;
  std::string path_;
  h2::pool pool_;
  pacer pacer_;
  breaker breaker_;
  answer_window window_;
  lane_queue urgent_;
  lane_queue campaigns_;
  std::vector<open_target> waiting_for_token_;  ///< refused with the access token in use
  std::vector<push_answer> answers_;
  std::vector<std::unique_ptr<push>> pushes_;
  std::vector<push*> free_;

  std::shared_ptr<const access_token> token_;
  std::shared_ptr<const h2::request_head> head_;
  uint64_t requests_ = 0;
  unsigned refusals_in_a_row_ = 0;
  bool credential_refused_ = false;
  steady_time foreign_answer_at_;       ///< when an answer last was not FCM's
  steady_time third_party_refusal_at_;  ///< when FCM last could not sign in with APNs or a browser's service
  steady_time pacer_due_;               ///< when the rate allows what it forbade in this round
  steady_time window_due_ = steady_time::max();  ///< when open requests have grown older
  steady_time next_expiry_;
};

}  // namespace pusher
