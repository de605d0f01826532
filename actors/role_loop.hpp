// How a role actor drives its state machine: perform actions until there is none, then wait for an event or a
// time.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include <caf/all.hpp>

#include "actors/name_exception.hpp"
#include "actors/protocol.hpp"
#include "actors/step_result.hpp"
#include "actors/usage_gauge.hpp"
#include "model/clock.hpp"
#include "model/error.hpp"

namespace pusher {

/// The state of every role actor derives from this one. A role offers
///   void woken();  void poll();  void start_drain();  bool drained();  step_result step();  utc_ms now();
///   actor_report report();
template <class Role>
class role_loop {
 public:
  role_loop(role_actor::pointer self, std::chrono::milliseconds poll_interval)
      : self_(self), poll_interval_(poll_interval) {}

  role_actor::behavior_type behavior() {
    self_->send(self_, proceed{true});
    return {
        [this](wake) {
          role().woken();
          pump();
        },
        [this](proceed what) {
          if (what.poll) {
            role().poll();
            self_->delayed_send(self_, poll_interval_, proceed{true});
          } else {
            timer_at_ = 0;
          }
          pump();
        },
        [this](report_question) {
          auto made = role().report();
          made.mailbox = self_->mailbox().size();
          usage_.write(made);
          made.last_error = last_error_;
          made.last_error_at = last_error_at_;
          return made;
        },
        [this](drain) {
          role().start_drain();
          pump();
        },
    };
  }

 protected:
  /// What operators see as the actor's last error.
  void note_failure(const char* doing, const error& why) {
    last_error_ = std::string(doing) + ": " + why.detail;
    last_error_at_ = now_ms();
  }

 private:
  // Short enough that a drain or wake-up in the mailbox never waits long behind a busy journal.
  static constexpr int steps_per_turn = 64;

  Role& role() { return static_cast<Role&>(*this); }

  void pump() {
    auto since = std::chrono::steady_clock::now();
    for (int i = 0; i < steps_per_turn; ++i) {
      auto made = role().step();
      auto now = std::chrono::steady_clock::now();
      usage_.worked(since, now);
      since = now;
      if (made.worked) continue;
      if (role().drained()) return self_->quit();
      if (made.until > 0) wait_until(made.until);
      return;
    }
    self_->send(self_, proceed{false});
  }

  void wait_until(utc_ms time) {
    auto now = role().now();
    if (timer_at_ > now && timer_at_ <= time) return;  // an earlier timer is on its way
    timer_at_ = std::max(time, now + 1);
    self_->delayed_send(self_, std::chrono::milliseconds(timer_at_ - now), proceed{false});
  }

  role_actor::pointer self_;
  std::chrono::milliseconds poll_interval_;
  usage_gauge usage_;
  utc_ms timer_at_ = 0;
  std::string last_error_;
  utc_ms last_error_at_ = 0;
};

template <class Role>
struct role_state {
  std::unique_ptr<Role> role;
};

/// Spawns an actor with a thread of its own that plays the role; without one under CAF's coordinator for
/// tests, which decides itself who runs next. The role's constructor takes the actor's pointer and then
/// `arguments`.
template <class Role, class... Arguments>
role_actor spawn_role(caf::actor_system& system, Arguments... arguments) {
  auto play = [](role_actor::stateful_pointer<role_state<Role>> self, const Arguments&... given) {
    name_exceptions(static_cast<role_actor::pointer>(self));
    self->state.role = std::make_unique<Role>(self, given...);
    return self->state.role->behavior();
  };
  auto policy = caf::get_or(system.config(), "scheduler.policy", caf::atom("stealing"));
  if (policy == caf::atom("testing")) return system.spawn(play, std::move(arguments)...);
  return system.spawn<caf::detached>(play, std::move(arguments)...);
}

}  // namespace pusher
