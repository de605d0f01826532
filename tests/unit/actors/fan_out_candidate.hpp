// A candidate for fan-out in the simulation: everything of a node that has to do with leading.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/fan_out_machine.hpp"
#include "actors/lease_machine.hpp"
#include "tests/unit/actors/fan_out_candidates.hpp"

namespace pusher::testing {

/// One node: the thread that keeps the lease, and the actor of fan-out. Each is at one of three points: about
/// to decide, decided with the request on its way, or answered.
class candidate {
 public:
  candidate(candidates_simulation& of, std::string host);

  /// The epoch that it believes to lead in.
  uint64_t leads() const { return down() ? 0 : lead_.epoch(steady()); }

  void some_steps();

 private:
  static constexpr utc_ms lease_ms = 250;

  using effect = candidates_simulation::effect;
  using then = std::function<void()>;

  struct activity {
    effect request;
    then failed, answer;
    utc_ms sleeps_until = 0;
  };

  leadership::clock::time_point steady() const {
    return leadership::clock::time_point(
        std::chrono::milliseconds(skew_ms_ + 10'000'000 + s_.now_ * rate_percent_ / 100));
  }
  utc_ms wall() const { return start_of_time + skew_ms_ + s_.now_; }
  bool down() const { return s_.now_ < down_until_; }

  /// A process after a restart: another name, and the one before it is known to be dead.
  void rename();

  // -- what befalls it --
  void suffer();
  void end(bool cleanly);
  /// On its way for ever, or to arrive at some time.
  void lose(effect& request);

  // -- its steps --
  void step(activity& of);
  void arrive(activity& of);
  static void ask(activity& of, effect request, then failed);

  void keep();
  void fan_out();
  void begin_to_lead(uint64_t epoch);

  /// A write to MariaDB that re-checks the lease's epoch in its transaction.
  void write(const char* what, std::function<void()> change, then done);
  void look(then answered);
  then store_failed();

  void perform(fan_out_machine::idle& what);
  void perform(fan_out_machine::read_worklist& what);
  void perform(fan_out_machine::open_tasks& what);

  static error no_answer() { return {errc::journal_unavailable, "no answer", "", 0}; }
  /// Scripts of one pipeline: each is atomic, all together are not. Where it breaks off, the others are lost
  /// or late.
  template <class Answer>
  void pipeline(std::vector<std::function<result<Answer>()>> scripts,
                void (candidate::*done)(const std::vector<result<Answer>>&));
  template <class Answer>
  void retry_what_failed(const std::vector<result<Answer>>& answers);

  void perform(fan_out_machine::begin& what);
  void begun(const std::vector<result<journal::cursor>>& answers);
  void perform(fan_out_machine::commit& what);
  void committed(const std::vector<result<page_committed>>& answers);

  void perform(fan_out_machine::mark_sending& what);
  void perform(fan_out_machine::read_page& what);
  void perform(fan_out_machine::note_audience& what);
  void perform(fan_out_machine::conclude& what);
  void perform(fan_out_machine::finish_wave&) { s_.violated("a wave without one"); }
  void perform(fan_out_machine::measure& what);
  void perform(fan_out_machine::forget& what);

  candidates_simulation& s_;
  std::string host_, process_, predecessor_;
  unsigned boots_ = 0;
  utc_ms skew_ms_ = 0, rate_percent_ = 100;
  utc_ms stopped_until_ = 0, down_until_ = 0;
  lease_machine keeper_{std::chrono::milliseconds(lease_ms)};
  leadership lead_;
  fan_out_machine machine_;
  activity keeping_, fanning_;
};

}  // namespace pusher::testing
