// The logic of a push-sender: claimed batches in, orders to a transport and commits to the journal out. It
// does no I/O, knows no actors and no clock: its driver performs one action at a time and tells it what came
// of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>
#include <variant>
#include <vector>

#include "model/job.hpp"
#include "storage/journal.hpp"
#include "storage/journal_codec.hpp"
#include "transports/transport.hpp"

namespace pusher {

struct sender_bounds {
  unsigned attempts = 5;               ///< answered requests per target before it is `failed`
  utc_ms retry_wait_cap_ms = 60'000;   ///< longest wait of our own rule
  unsigned record_answers = 128;       ///< answers that make a progress record due at once
  utc_ms record_interval_ms = 100;     ///< longest time an answer waits for its record
  uint64_t results_mark = 400;         ///< result batches in the journal beyond which nothing is claimed
  size_t batches_per_claim = 4;        ///< when they are large
  size_t most_batches_per_claim = 32;  ///< when they are small
  size_t targets_per_claim = 500;      ///< how many targets small ones may have together
  size_t contents_per_load = 64;
  size_t spare_targets = 1000;   ///< targets held beyond what the transport can have in flight
  utc_ms store_retry_ms = 500;   ///< pause after a failed store action
  utc_ms resend_pause_ms = 100;  ///< pause before a target that came back unsent is submitted again
};

struct sender_counters {
  uint64_t batches_claimed = 0, batches_finished = 0, batches_fenced = 0, batches_split = 0, put_aside = 0;
  uint64_t content_missing = 0;
  outcome_counts outcomes;
};

/// One transport of a sender. A route's transport changes with its credential; answers say which one they are
/// of.
using outlet_id = uint32_t;

class sender_machine {
 public:
  // -- actions: what the driver is to do next --
  struct claim_work {
    push_route route;
    size_t batches = 0;
    bool urgent_only = false;  ///< only the transactional lane: the campaign lane's share is taken
  };
  struct load_controls {};  ///< which notifications are paused or canceled
  struct load_contents {
    std::vector<notification_key> keys;
  };
  struct reserve {  ///< when targets of a notification with a rate may go
    uint64_t order = 0;
    notification_key notification;
    uint32_t per_second = 0;
    size_t targets = 0;
  };
  struct submit {
    push_route route;
    push_order order;
  };
  struct withdraw {  ///< from every transport
    uint64_t order = 0;
    bool lost = false;  ///< because the claim is someone else's
  };
  struct commit {
    const std::vector<progress_commit>* commits = nullptr;  ///< owned by the machine, stays until `committed`
  };
  struct bury {
    claim what;
    std::string reason;
  };
  struct idle {
    utc_ms until = 0;  ///< wake up then at the latest; 0 = only an event brings work
  };
  using action =
      std::variant<idle, load_controls, claim_work, load_contents, reserve, submit, withdraw, commit, bury>;

  sender_machine(sender_bounds bounds, uint32_t seed);

  action next(utc_ms now);

  // -- events --
  /// There may be new batches.
  void woken();
  /// The journal's controls have this version: nothing is sent until they were loaded.
  void controls_are_at(uint64_t version) { wanted_controls_ = version; }
  void controlled(journal::controls now);
  /// Whether nothing is claimed because too many results wait.
  bool results_are_full() const { return results_depth_ >= bounds_.results_mark; }
  /// How many result batches wait in the journal.
  void results_wait(uint64_t depth) { results_depth_ = depth; }
  /// How many requests a route's transport can have in flight. Only routes that were told of are claimed for;
  /// one whose gateway is `blocked` holds no more than what finds out when it recovers.
  void capacity(push_route which, size_t streams, bool blocked);
  /// Nothing can be sent there from here: what waits goes back into the journal, for others or for later.
  void unserved(push_route which);
  /// There is no credential for it anywhere: what waits is skipped.
  void closed(push_route which);
  void claimed(push_route which, std::vector<claim> claims, bool maybe_more, utc_ms now);
  void content_loaded(notification_key key, std::optional<message> content, utc_ms now);
  void reserved(uint64_t order, utc_ms due, utc_ms now);
  void answered(outlet_id by, const std::vector<push_answer>& answers, utc_ms now);
  void committed(const journal::recorded& outcome);
  /// The last claim, load or commit failed; it will be asked for again.
  /// The clock that gives `now` was set by so much.
  void clock_moved(utc_ms by);
  void store_failed(utc_ms now) { store_retry_at_ = now + bounds_.store_retry_ms; }
  /// Whether an operator holds the stage: nothing is claimed meanwhile, what was claimed is sent.
  void hold(bool held) { held_ = held; }
  /// Claim nothing more; what comes back unsent is handed back to the journal.
  void drain() { draining_ = true; }

  bool drained() const { return draining_ && batches_.empty() && commits_.empty(); }
  /// Whether what is paused and canceled was read as it is, as far as we heard.
  bool knows_controls() const { return wanted_controls_ == controls_.version; }
  /// Whether a claim of ours may be someone else's, and the journal was not asked yet.
  bool doubts_claims() const { return doubted_ > 0; }
  /// Whether batches of a queue are open that may kill this process: what it took over meanwhile would get a
  /// strike with them.
  bool holds_suspects(const std::string& queue) const;
  bool holds_suspects() const;
  /// Whether none of another sender of this process is under way. Until then ours wait, and say so in the
  /// journal.
  void may_send_suspects(bool may) { may_send_suspects_ = may; }
  /// How many answers became durable (or moot) since the last call, by transport, for it to be told.
  std::map<outlet_id, size_t> take_released() { return std::exchange(released_, {}); }
  const sender_counters& counters() const { return counters_; }
  size_t open_batches() const { return batches_.size(); }
  /// The entries of a queue that are claimed and not finished.
  std::vector<std::string> entries_of(const std::string& queue) const;

 private:
  enum class service : uint8_t { none, open, closed };
  struct route_state {
    push_route route;
    service state = service::none;
    bool blocked = false;
    size_t capacity = 0;
    size_t open_targets = 0;
    bool work_may_wait = true;
    bool urgent_may_wait = true;
  };
  using counts = std::vector<std::pair<outlet_id, size_t>>;  ///< few: rarely more than one
  struct open_batch {
    claim origin;
    push_queue queue;
    push_batch batch;
    batch_progress progress;
    std::vector<push_result> fresh;   ///< results that no commit carries yet
    std::vector<uint32_t> to_submit;  ///< targets for the transport
    std::vector<uint32_t> returned;   ///< targets that go back into the journal at once
    size_t open = 0;                  ///< targets with neither result nor retry nor return
    counts unrecorded;                ///< answers that occupy each transport's window
    route_state* home = nullptr;      ///< where its targets go, but for those that switched
    utc_ms submit_at = 0;
    utc_ms returned_until = 0;  ///< when what is returned may be claimed again, 0 = at once
    utc_ms retry_since = 0;     ///< when the first of progress.retries was found
    unsigned groups = 0;        ///< retry batches made of it so far
    bool changed = false;       ///< something to record
    bool committing = false;
    bool split = false;
    bool suspect = false;  ///< claimed again and again without progress: it may be what kills its senders
    bool to_mark = false;  ///< of a suspect: the record that it only waits is due
    bool held = false;     ///< what is returned waits until its notification is resumed
    bool doubted = false;  ///< another claim was taken from us: this one may be gone as well
  };
  struct known_content {
    message stored;
    /// By localization and expiry, as they are needed.
    std::map<std::pair<size_t, utc_ms>, std::shared_ptr<const message>> worded = {};

    std::shared_ptr<const message> in_words_of(size_t localization, utc_ms expires_at);
  };
  struct in_commit {
    uint64_t batch = 0;
    counts unrecorded;
  };

  static constexpr unsigned strikes_before_split = 3;
  static constexpr unsigned strikes_of_a_suspect = strikes_before_split - 1;

  void admit(claim origin, utc_ms now);
  static bool resume(open_batch& batch, const std::string& record, utc_ms now);
  void expire(open_batch& batch, utc_ms now);
  route_state& of(push_route which);
  route_state& goal_of(const open_batch& batch, uint32_t number);
  void release(const counts& answers);
  static size_t sum_of(const counts& answers);
  void skip(open_batch& batch, utc_ms now);
  void target_closed(open_batch& batch);
  void take_answer(outlet_id by, open_batch& batch, const push_answer& answer, utc_ms now);
  void count_attempt(outlet_id by, open_batch& batch, uint32_t number, utc_ms now);
  void take_unsent(open_batch& batch, uint32_t number, utc_ms now);
  void try_other_environment(open_batch& batch, uint32_t number, const verdict& verdict, utc_ms now);
  void put_aside_until(open_batch& batch, uint32_t number, const verdict& verdict, utc_ms due, utc_ms now);
  void take_retry(open_batch& batch, uint32_t number, const verdict& verdict, utc_ms now);
  void settle(open_batch& batch, uint32_t number, outcome result, const verdict& verdict, utc_ms now);
  utc_ms due_after(const verdict& verdict, unsigned attempts, utc_ms now);

  const control* control_of(const open_batch& batch) const;
  void obey_controls(utc_ms now);
  void return_unsent(open_batch& batch);
  bool waits_for_suspects(uint64_t order, const open_batch& batch) const;
  std::optional<action> next_submit(utc_ms now);
  load_contents missing_contents(utc_ms now) const;
  std::optional<action> next_commit(utc_ms now);
  static bool may_go(const open_batch& batch, utc_ms now);
  submit take_submit(uint64_t order, open_batch& batch, const route_state& goal, known_content& content);
  std::optional<action> next_claim();
  size_t batches_to_claim() const;
  utc_ms next_wake_up() const;
  bool record_due(utc_ms now) const;
  static utc_ms retries_due_at(const open_batch& batch);
  progress_commit make_commit(open_batch& batch, bool finished);
  void doubt_all(const std::set<uint64_t>& but);
  void forget(std::map<uint64_t, open_batch>::iterator batch);
  void put_retries_aside(open_batch& batch, bool finished, progress_commit& into);
  void hand_back(open_batch& batch, progress_commit& into);
  void forget_unused_contents();

  sender_bounds bounds_;
  std::minstd_rand random_;
  sender_counters counters_;
  std::map<uint64_t, open_batch> batches_;  ///< by order id: older batches first
  size_t suspects_ = 0, doubted_ = 0;       ///< of them: asked at each step, when there are mostly none
  std::unordered_map<notification_key, known_content> contents_;
  std::deque<bury> to_bury_;
  std::deque<withdraw> to_withdraw_;
  journal::controls controls_;
  uint64_t wanted_controls_ = 0;
  size_t targets_per_batch_ = SIZE_MAX;   ///< of the last claim, rounded up
  size_t contents_kept_ = 64;             ///< before those that nobody needs are looked for
  std::vector<progress_commit> commits_;  ///< the commit under way
  std::vector<in_commit> commits_of_;
  uint64_t last_order_ = 0;
  std::map<push_route, route_state> routes_;  ///< one is never forgotten while a batch points to it
  push_route last_claimed_for_;               ///< the one behind it comes first
  std::map<outlet_id, size_t> released_;
  size_t unrecorded_ = 0;
  uint64_t results_depth_ = 0;
  utc_ms unrecorded_since_ = 0;
  utc_ms store_retry_at_ = 0;
  utc_ms content_retry_at_ = 0;
  bool draining_ = false;
  bool held_ = false;
  bool may_send_suspects_ = true;
};

}  // namespace pusher
