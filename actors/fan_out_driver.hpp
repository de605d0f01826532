// Performs fan-out's actions on the stores. Knows neither actors nor who leads; blocks on what it asks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/credential_keeper.hpp"
#include "actors/fan_out_machine.hpp"
#include "actors/repeated_trouble.hpp"
#include "actors/span.hpp"
#include "actors/step_result.hpp"
#include "conf/settings.hpp"
#include "model/error.hpp"
#include "storage/database.hpp"
#include "storage/device_store.hpp"
#include "storage/journal.hpp"
#include "storage/notification_store.hpp"
#include "storage/property_index_store.hpp"

namespace pusher {

/// Whom to tell of what was done. Called within step().
struct fan_out_hooks {
  std::function<void()> batches_appended;
  std::function<void()> results_appended;
  std::function<void()> fenced;  ///< someone else leads
  std::function<void(const credential_expiries&)> credentials_expire;
  std::function<void(const char* doing, const error&)> failed;
  std::function<void(span)> traced = {};  ///< null = nothing is
};

class fan_out_driver {
 public:
  /// `configured`: channels that the configuration has a credential for. `secrets` null = none are resealed.
  fan_out_driver(const settings& config, fan_out_bounds bounds, channel_set configured,
                 std::shared_ptr<const key_ring> secrets, const std::string& run_id,
                 const std::string& consumer, fan_out_hooks hooks);

  /// Begins to lead in this epoch: from now on a former leader's commits are refused. False when it cannot.
  bool lead(uint64_t epoch);
  void stand_down();
  void woken();
  /// The rounds of a leader, once a poll interval.
  void poll();
  /// One action.
  step_result step();

  const fan_out_machine& machine() const { return machine_; }

 private:
  /// What is declared as indexed or not any more. Any process could do it; the one leader does it alone.
  step_result build_indexes();
  result<void> follow_lives();
  /// Takes over which channels are reachable. Errors: as credential_keeper's.
  result<void> take_reach(const result<bool>& changed);
  result<void> leave_out_settled();
  void plan_next_look();
  step_result perform(fan_out_machine::idle& what);
  step_result perform(fan_out_machine::read_worklist& what);
  step_result perform(fan_out_machine::open_tasks& what);
  step_result perform(fan_out_machine::begin& what);
  step_result perform(fan_out_machine::mark_sending& what);
  step_result perform(fan_out_machine::read_page& what);
  step_result perform(fan_out_machine::commit& what);
  step_result perform(fan_out_machine::note_audience& what);
  step_result perform(fan_out_machine::conclude& what);
  step_result perform(fan_out_machine::finish_wave& what);
  step_result perform(fan_out_machine::measure& what);
  step_result perform(fan_out_machine::forget& what);
  result<void> open(notification_key key, result<fan_out_task> task);
  /// Pauses when one of the outcomes is a failure.
  template <class Outcome>
  step_result ended(const char* doing, const std::vector<result<Outcome>>& outcomes);
  step_result failed_step(const char* doing, const error& why);
  void failed(const char* doing, const error& why);

  /// Traced ones under way: the call that launched it, and since when fan-out works.
  struct traced_work {
    trace_context launch;
    int64_t since_us = 0;
  };
  void begin_trace(const fan_out_task& task);
  void end_trace(notification_key key, uint64_t targets);

  fan_out_hooks hooks_;
  std::map<notification_key, traced_work> traced_;
  fan_out_machine machine_;
  journal journal_;
  database database_;
  device_store devices_;
  notification_store notifications_;
  property_index_store indexes_;
  credential_keeper credentials_;
  repeated_trouble troubles_;
  bool index_work_ = true;   ///< there may be some
  uint64_t pages_ = 0;       ///< that the journal has taken, as far as we know
  utc_ms next_look_at_ = 0;  ///< when a launch or a wave is due, by our own clock; 0 = not soon
};

}  // namespace pusher
