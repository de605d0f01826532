// The guard of mass deletion: dead tokens in a share far above the usual are held until an operator decides.
// A wrong key or project makes a gateway call all tokens dead.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "model/ids.hpp"
#include "model/job.hpp"
#include "model/token_hold.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// A gateway's devices of one application.
struct guarded {
  application_id application;
  pusher::gateway gateway = gateway::fcm;
  pusher::environment environment = environment::production;

  friend bool operator<(const guarded& a, const guarded& b) {
    return std::tie(a.application.value, a.gateway, a.environment) <
           std::tie(b.application.value, b.gateway, b.environment);
  }
};

struct token_guard_bounds {
  uint64_t minimum = 100;  ///< fewer dead tokens within a window are never held
  /// A greater share of dead tokens is held: this one until 10,000 answers are known, then the greater of a
  /// third of it and five times the usual. 100 = never.
  unsigned percent = 30;
};

/// How many answers a writer has seen that the guard's row does not have yet.
using uncounted_answers = std::map<guarded, uint64_t>;

/// Counts answers in a window of ten minutes, within the caller's transaction. The hold under which deletions
/// are to wait, 0 = they may go on; `opened` says that the hold began just now.
struct guard_verdict {
  uint64_t hold = 0;
  bool opened = false;
};
result<guard_verdict> count_and_judge(database::connection& on, const guarded& which, uint64_t answered,
                                      uint64_t dead, const token_guard_bounds& bounds);

/// Puts deaths under a hold.
result<void> hold_tokens(database::connection& on, uint64_t hold, notification_key notification,
                         const std::vector<const push_result*>& dead);

class token_hold_store {
 public:
  explicit token_hold_store(database& db) : db_(db) {}

  /// The latest first, at most 100.
  result<std::vector<token_hold>> list(application_id app);
  /// Disables the devices that still hold the tokens and did not register them again since. For an hour
  /// nothing is held. Errors: not_found, conflict (decided already).
  result<token_hold> confirm(application_id app, uint64_t id);
  /// Forgets the deaths. Errors: as confirm().
  result<token_hold> undo(application_id app, uint64_t id);

 private:
  result<token_hold> decide(application_id app, uint64_t id, token_hold_state as);

  database& db_;
};

}  // namespace pusher
