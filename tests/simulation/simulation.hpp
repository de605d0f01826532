// One schedule of the whole pipeline: the real actors of several processes, over stores in memory and a
// gateway that answers as it likes, in an order that a seed decides. The seed also decides what befalls them:
// requests and replies that get lost or come late, processes that crash, stop or leave, actors that throw,
// clients that change their minds.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "storage/journal.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/stores/memory_redis.hpp"
#include "tests/stores/memory_rows.hpp"

namespace caf {
class resumable;
}

namespace pusher::testing {

class simulated_process;
class simulated_gateway;
class simulated_client;

/// How much goes wrong in a schedule: one in so many, 0 = never.
struct fault_plan {
  unsigned lost_request = 0, lost_reply = 0, stall = 0, crash = 0,
           actor_fault = 0;                  ///< per question to a store
  unsigned stop = 0, leave = 0, outage = 0;  ///< per step
  unsigned lost_wake = 0;
  bool poison = false;  ///< a push to one of the devices kills its sender

  static fault_plan of(std::minstd_rand& random);
};

/// A rule that is taken away, to see that its absence is noticed.
struct missing_rule {
  std::string script, text;  ///< what is left out of which script
  model_rules lease;         ///< those of the lease's row that hold
};

struct schedule_outcome {
  std::string violation;  ///< empty = all is well
  uint64_t steps = 0, questions = 0, crashes = 0, lost = 0, late = 0, pushes = 0, repeated = 0,
           dead_letters = 0;
};

/// Thrown in the actors of a process that has crashed.
struct process_died {};

class simulation {
 public:
  simulation(uint32_t seed, const missing_rule& without, bool traced);
  ~simulation();
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  schedule_outcome run();

  /// The one that runs; the seams ask it.
  static simulation& current();
  static bool runs();

  // -- what the seams ask (tests/simulation/seam_*.cpp) --
  utc_ms wall_clock() const;  ///< as the process sees it whose actor runs
  utc_ms now() const { return now_; }
  uint32_t random() { return static_cast<uint32_t>(random_()); }
  result<std::vector<redis_reply>> ask_redis(const std::vector<redis_arguments>& commands);
  /// A transaction: what it gives, or that the store did not answer. One that changes nothing is never late.
  template <class Value>
  result<Value> ask_database(const char* what, const std::function<result<Value>()>& transaction,
                             bool changes = true) {
    late_maker late;
    if (changes)
      late = [&transaction] { return [transaction] { [[maybe_unused]] auto unheard = transaction(); }; };
    if (!reaches_store(what, database_away_until_ > now_, late)) return no_answer(errc::store_unavailable);
    auto made = transaction();
    if (!reply_arrives(what)) return no_answer(errc::store_unavailable);
    return made;
  }
  /// One of the places of storage/fail_point.hpp.
  void pass(std::string_view place);
  void trace(const std::string& line) const;
  bool traced() const { return traced_; }
  simulated_gateway& gateway() { return *gateway_; }
  simulated_process* running() const { return running_; }

  memory_rows rows;
  memory_redis keys;
  pusher::testing::ledger ledger;

 private:
  friend class simulated_process;
  friend class simulated_gateway;
  friend class simulated_client;

  bool one_in(unsigned n) { return n != 0 && random_() % n == 0; }
  bool fault(unsigned n) { return faults_ && one_in(n); }
  utc_ms below(utc_ms n) { return static_cast<utc_ms>(random_() % static_cast<uint64_t>(n)); }

  void populate();
  void step();
  bool run_a_job();
  void run_jobs_of(const simulated_process& dead);
  void run_job(size_t at);
  simulated_process* owner_of(caf::resumable* job) const;
  void let_time_pass(utc_ms most);
  void deliver_late();
  void befall();
  bool finished() const;
  void finish();
  void operate();

  static error no_answer(errc code) { return {code, "no answer", "", 0}; }
  /// Makes, of a request that got lost, what happens when it arrives after all.
  using late_maker = std::function<std::function<void()>()>;
  bool reaches_store(const char* what, bool away, const late_maker& late);
  bool reply_arrives(const char* what);
  redis_reply execute(const redis_arguments& command);
  void stall();
  void die_if_crashed() const;

  uint32_t seed_;
  std::minstd_rand random_;
  bool traced_, faults_ = true;
  utc_ms now_ = 1'800'000'000'000;
  fault_plan plan_;
  schedule_outcome outcome_;
  simulated_process* running_ = nullptr;
  unsigned depth_ = 0;  ///< of stalls within stalls
  utc_ms redis_away_until_ = 0, database_away_until_ = 0;
  std::vector<std::unique_ptr<simulated_process>> processes_;
  std::vector<std::unique_ptr<simulated_process>>
      ended_;                                      ///< some of their actors may be in the middle of something
  std::map<uint64_t, simulated_process*> owners_;  ///< by the actor's id
  std::deque<std::function<void()>> late_;         ///< requests that nobody waits for any more
  std::unique_ptr<simulated_gateway> gateway_;
  std::unique_ptr<simulated_client> client_;
};

}  // namespace pusher::testing
