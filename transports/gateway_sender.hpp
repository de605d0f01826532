// The loop side of sending to one origin of a gateway: which push starts when, and what becomes of each
// answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "transports/answer_window.hpp"
#include "transports/breaker.hpp"
#include "transports/event_loop.hpp"
#include "transports/gateway_protocol.hpp"
#include "transports/h2_pool.hpp"
#include "transports/lane_queue.hpp"
#include "transports/pacer.hpp"
#include "transports/retry_budget.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// How fast a credential may send.
struct sending_pace {
  uint32_t per_minute = 0;  ///< 0 = no limit
  uint32_t ramp_seconds = 0;
  unsigned retry_budget_percent = 0;  ///< see retry_budget
};

h2::pool_bounds pool_bounds_of(const limits_settings& limits);

/// Lives on the loop's thread. Driven in rounds: events finish exchanges, then on_round() starts what may
/// start.
class gateway_sender final : public h2::exchange_listener {
 public:
  /// All outlive the sender. Senders of one transport may share a window.
  struct parts {
    event_loop& loop;
    const tls_context& tls;
    gateway_protocol& protocol;
    answer_window& window;
  };

  /// `name` is the gateway's, for people.
  gateway_sender(parts from, std::string name, const origin& where, h2::pool_bounds bounds,
                 sending_pace pace);
  ~gateway_sender();

  // -- what the node asks --
  void submit(push_order order);
  /// See transport.
  void grant(size_t requests);
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
  /// Whether nothing waits, nothing is under way, and all answers were taken.
  bool idle() const {
    return queued() == 0 && waiting_for_credential_.empty() && pool_.in_flight() == 0 && answers_.empty();
  }
  /// Whether the gateway takes no pushes for now: it refuses, or cannot be reached.
  bool blocked() const;
  /// Whether no address of the origin may be connected to.
  bool forbidden() const { return pool_.forbidden(); }
  /// Answers what waits, but for `keep` targets.
  void give_up_waiting(const verdict& as, size_t keep);

 private:
  void on_finished(h2::exchange& done) override;

  // Before a push.
  void look_after_credential(steady_time now);
  void send_again_with_new_credential();
  void expire_waiting(steady_time now);
  template <class Wanted>
  void take_waiting(Wanted wanted, const lane_queue::give_up& each);
  void start_pushes(steady_time now);
  /// Why what could be sent was not started.
  held_by::kind why_held(bool window_is_full, steady_time now) const;
  lane_queue* next_lane(size_t free_streams, size_t kept_free);
  bool start(lane_queue& from, lane urgency);
  void take_targets(lane_queue& from, push_request& into);
  bool prepare(push_request& fresh);
  static void join_trace(push_request& fresh);
  bool afford(const push_request& fresh);
  steady_time next_due(steady_time pool_due, steady_time now) const;
  size_t queued() const { return urgent_.size() + campaigns_.size(); }
  lane_queue& lane_of(const open_target& target) {
    return target.of->order.urgency == lane::transactional ? urgent_ : campaigns_;
  }

  // After a push.
  void judge(push_request& done);
  void count(const push_request& done, const answer_reading& reading, const answer_rule& rule);
  void note_rule(const push_request& done, const answer_rule& rule, const verdict& made, steady_time now);
  void answer_rule_of(const open_target& target, const answer_rule& rule, const answer_reading& reading,
                      const push_request& done);
  void on_credential_stale(push_request& done, const answer_rule& rule, const answer_reading& reading);
  void on_credential_refused(push_request& done, const answer_rule& rule, const answer_reading& reading);
  void answer(const open_target& target, verdict verdict);
  void answer_all(const push_request& done, verdict_kind kind, const char* code = "");
  void give_back(const open_target& target, verdict_kind kind);
  void send_again(const open_target& target);
  bool spares_the_push(const push_request& done) const;
  push_request& take_free();
  void release(push_request& done);

  event_loop& loop_;
  gateway_protocol& protocol_;
  answer_window& window_;
  std::string name_;
  h2::pool pool_;
  pacer pacer_;
  retry_budget budget_;
  std::optional<size_t> grants_;  ///< nothing = not needed
  breaker breaker_;
  lane_queue urgent_;
  lane_queue campaigns_;
  std::vector<open_target> waiting_for_credential_;  ///< refused with the one in use
  bool withdrawn_ = false;  ///< nothing is to wait here: what comes back is given back
  std::vector<push_answer> answers_;
  std::vector<std::unique_ptr<push_request>> requests_made_;
  std::vector<push_request*> free_;

  uint64_t generation_ = 0;  ///< of the credential in use; 0 = none
  uint64_t requests_ = 0;
  push_tally tally_;
  // Of the request that has just finished; 0 = what is answered now was not one.
  uint32_t took_us_ = 0;
  uint16_t status_ = 0;
  unsigned refusals_in_a_row_ = 0;
  std::string refused_code_;      ///< with which the gateway refuses the credential; empty = it does not
  std::string third_party_code_;  ///< of an answer about a credential that is not ours to renew
  steady_time third_party_refusal_at_;
  steady_time foreign_answer_at_;                ///< when an answer last was not the gateway's
  steady_time pacer_due_;                        ///< when the rate allows what it forbade in this round
  steady_time window_due_ = steady_time::max();  ///< when open requests have grown older
  utc_ms round_time_ = 0;  ///< of this round: what starts in it is worded for this moment
  steady_time next_expiry_;
  std::optional<held_by::kind> held_;  ///< since the last round
  steady_time held_since_;
  held_times held_times_{};
};

}  // namespace pusher
