// The durable job journal between the stages, in Redis Streams. See docs/journal.md for keys and invariants.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/settings.hpp"
#include "model/job.hpp"
#include "model/result.hpp"
#include "storage/journal_keys.hpp"
#include "storage/redis.hpp"

namespace pusher {

/// Where push batches of one kind wait: one stream per application, gateway, environment and lane.
struct push_queue {
  application_id application;
  pusher::gateway gateway = gateway::fcm;
  pusher::environment environment = environment::production;
  pusher::lane lane = lane::campaign;

  std::string name() const;  ///< e.g. `1.fcm.production.campaign`
  static std::optional<push_queue> parse(const std::string& name);
};

/// Under which name the batch's targets count as outstanding: its queue's, or, for a notification with a
/// rate, one of its own. Those wait for their turn, and must not hold up who shares the queue.
std::string account_of(const push_queue& queue, const push_batch& batch);

/// An entry that is ours until we commit it or our heartbeat ends.
struct claim {
  std::string queue;      ///< name of the push queue; empty for results
  std::string entry;      ///< stream entry id
  std::string token;      ///< delivery count: a commit with an old one is refused
  uint64_t sequence = 0;  ///< progress records so far
  unsigned strikes = 0;   ///< earlier claims that ended without progress
  std::string payload;
  std::string progress;  ///< the last progress record; empty = none
};

/// A batch that goes back into the journal.
struct put_aside {
  utc_ms due_at = 0;  ///< 0 = at once
  bool held = false;  ///< its notification is paused: it waits for the end of that
  std::string
      name;  ///< with a due time: `<notification>:` and what makes it unique; the same for a repeated commit
  push_batch batch;
  unsigned strikes = 0;
};

/// One step of a claimed push batch: what is known now becomes durable.
struct progress_commit {
  std::string queue, entry, token;
  std::string account;  ///< see account_of; empty = the queue's
  uint64_t expected_sequence = 0;
  bool finished = false;  ///< acknowledge and delete the entry
  bool asks = false;      ///< changes nothing: whether the claim is still ours
  result_batch results;
  std::string progress;  ///< encoded batch_progress; not needed when finished
  std::vector<put_aside> aside;
};

enum class commit_status : uint8_t {
  done,    ///< applied now, or found applied by an earlier try whose reply was lost
  fenced,  ///< the claim (or the lead) is someone else's now; nothing was changed
  held     ///< of fan-out: the notification is paused or canceled; nothing was changed
};

/// One page of fan-out: batches, skipped results and the cursor's move.
struct page_commit {
  notification_key notification;
  uint64_t epoch = 0;
  uint64_t expected_cursor = 0, new_cursor = 0;  ///< as actors/device_walk.hpp counts them
  std::vector<std::pair<push_queue, push_batch>> batches;
  std::vector<result_batch> skipped;
};

struct page_committed {
  commit_status status = commit_status::done;
  uint64_t audience = 0;
  uint64_t pages = 0;  ///< that the journal has taken, of all notifications
  std::vector<std::pair<std::string, uint64_t>> outstanding;  ///< per account that the page touched
};

struct settled_entry {
  std::string entry;
  notification_key notification;
  size_t targets = 0;
};

/// Not thread-safe: each actor owns its own. Errors of every call: journal_unavailable (Redis does not answer
/// or refuses, or nobody has compared it with MariaDB since it was started; the outcome is unknown, and every
/// call is safe to repeat), journal_lost (Redis answers, but it is not the journal that MariaDB knows).
class journal {
 public:
  /// `consumer` = `<node>/<boot>/<role>/<index>`: who claims.
  journal(const redis_settings& endpoint, std::string run_id, std::string consumer);
  /// The journal has another name now: it was rebuilt.
  void work_under(const std::string& run_id);

  // -- identity and presence --
  result<void> ping();
  /// Creates the journal under this run id and vouches for it, or finds it there already.
  result<void> create();
  /// Whether the journal is there under our run id.
  result<void> check();
  /// Says that the process `<node>/<boot>` lives for so long.
  result<void> heartbeat(const std::string& process, uint32_t lifetime_ms);
  /// Ends a process's heartbeat at once: its claims may be taken over.
  result<void> end_heartbeat(const std::string& process);

  // -- launches --
  result<void> announce_launches(const std::vector<notification_key>& keys);
  /// Takes the wake-ups out; the worklist itself is in MariaDB.
  result<size_t> drain_launches();

  // -- fan-out --
  struct raised {
    commit_status status = commit_status::done;
    uint64_t pages = 0;  ///< that the journal has taken so far
  };
  /// From now on what others asked in an older epoch, or we before this, is refused.
  result<raised> raise_epoch(uint64_t epoch);
  struct cursor {
    commit_status status = commit_status::done;
    uint64_t position = 0;
    uint64_t audience = 0;
    device_key start;  ///< where the walk through the devices began
  };
  struct beginning {
    const message* content = nullptr;
    device_key start;      ///< where a notification that has not begun yet begins
    uint64_t settled = 0;  ///< what its audience is then: targets that have a row already
  };
  // In one round trip, with a result for each, in order: some may be done and others fail. After a failure
  // the next of these raises the epoch's turn first: a request without an answer may still arrive, even when
  // its notification has long been settled and forgotten.
  std::vector<result<cursor>> begin_fan_out(uint64_t epoch, const std::vector<beginning>& all);
  std::vector<result<page_committed>> commit_pages(const std::vector<page_commit>& pages);
  result<std::vector<uint64_t>> outstanding(const std::vector<std::string>& accounts);
  /// Drops what Redis keeps of completed notifications; false of one while targets of it are pending.
  std::vector<result<bool>> forget(const std::vector<notification_key>& keys);

  // -- control --
  /// What senders and fan-out are to do with a notification from now on; nothing = go on.
  result<void> set_control(notification_key key, std::optional<control> value);
  struct controls {
    uint64_t version = 0;  ///< changes whenever one changes
    std::map<notification_key, control> of;
  };
  result<controls> load_controls();
  /// The version as the last claim_batches, record or load_controls saw it.
  uint64_t control_version() const { return control_version_; }
  /// Gives the held batches of a notification that is not paused any more to the senders; when none is left,
  /// its control `released` ends.
  result<void> release_held(notification_key key);
  /// Makes everything of a notification that is put aside due at once.
  result<void> hasten(notification_key key);

  // -- what processes share --
  /// Nothing when there is none.
  result<std::optional<std::string>> shared_value(const std::string& name);
  /// Replaces the value if it still is `expected` (nothing = absent). Whether it did, now or in an earlier
  /// try whose reply was lost.
  result<bool> replace_shared_value(const std::string& name, const std::optional<std::string>& expected,
                                    const std::string& value);

  // -- credentials --
  /// What senders know of credentials without MariaDB: see actors/credential_index.hpp for the texts.
  struct credential_board {
    std::string version;  ///< changes with the index; empty = nobody has published yet
    std::string closed;   ///< routes without any credential, as the leader sees it
    std::string index;    ///< only from load_credentials()
  };
  result<credential_board> credential_status();
  result<credential_board> load_credentials();
  /// Nothing when it is not published, or not any more.
  result<std::optional<std::string>> sealed_credential(const std::string& id);
  /// Replaces all that was published, unless it is newer. The leader, who gives its epoch, may go back.
  result<commit_status> publish_credentials(uint64_t epoch, uint64_t version, const std::string& index,
                                            const std::vector<std::pair<std::string, std::string>>& sealed);
  result<commit_status> close_routes(uint64_t epoch, const std::string& routes);
  /// Push queues that hold entries.
  result<std::vector<std::string>> busy_queues();
  /// What a sender has to say of a credential in use; nothing = it is well.
  result<void> tell_trouble(const std::string& credential, const std::string& what);
  result<std::vector<std::string>> troubles(const std::vector<std::string>& credentials);
  /// What the configurations of nodes with senders have credentials for, by the nodes' names: see
  /// actors/configured_channels.hpp for the texts.
  result<std::vector<std::pair<std::string, std::string>>> configured();
  result<void> forget_configured(const std::string& node);

  // -- rates --
  /// Pushes granted to the caller out of what a credential may send in the whole cluster: `per_minute`,
  /// spread evenly, beginning at a tenth after a minute without any and growing for `ramp_seconds`.
  struct granted {
    uint64_t pushes = 0;
    uint32_t wait_ms = 0;  ///< until more can be granted; 0 = all that was wanted was
  };
  result<granted> take_rate(const std::string& credential, uint32_t per_minute, uint32_t ramp_seconds,
                            uint64_t wanted);
  /// When so many pushes of a notification may go, if all senders together send `per_second`.
  result<utc_ms> reserve_rate(notification_key key, uint32_t per_second, size_t pushes);

  // -- push-sender --
  result<std::vector<std::string>> queues();
  result<std::vector<claim>> claim_batches(const std::string& queue, size_t most);
  /// Claims of dead owners, and our own but for the entries in `known`: those from before a restart of the
  /// actor, and those whose claim we never heard of because the reply was lost.
  enum class claims_of : uint8_t { the_dead, our_own };  ///< the dead's are taken together with our own
  result<std::vector<claim>> take_over_batches(const std::string& queue,
                                               const std::vector<std::string>& known, size_t most,
                                               claims_of whom = claims_of::the_dead);
  /// In order; nothing where one is not there.
  result<std::vector<std::optional<message>>> contents(const std::vector<notification_key>& keys);
  struct recorded {
    std::vector<commit_status> status;  ///< one per commit, in order
    uint64_t results_depth = 0;
  };
  result<recorded> record(const std::vector<progress_commit>& commits);
  struct promoted {
    size_t moved = 0;
    utc_ms next_due_at = 0;  ///< 0 = nothing waits
    utc_ms now = 0;          ///< Redis's clock
  };
  result<promoted> promote(size_t most);
  result<uint64_t> results_depth();
  /// Moves a claimed batch that cannot be read into the dead letters.
  result<void> bury_batch(const claim& what, const std::string& reason);

  /// Entries that the last calls to take over found with too many strikes, and moved into the dead letters.
  std::vector<std::string> take_buried() { return std::exchange(buried_, {}); }

  // -- result-writer --
  result<std::vector<claim>> claim_results(size_t most);
  result<std::vector<claim>> take_over_results(const std::vector<std::string>& known, size_t most);
  result<void> settle(const std::vector<settled_entry>& entries);
  result<void> bury_results(const claim& what, const std::string& reason);

  // -- what operators ask --
  struct backlog {
    uint64_t entries = 0;
    uint64_t oldest_ms = 0;  ///< age of the oldest entry; 0 = there is none
  };
  struct depths {
    uint64_t results = 0, later = 0, dead_letters = 0, push = 0;
    uint64_t launches = 0;
    uint64_t results_oldest_ms = 0, launches_oldest_ms = 0, dead_letters_oldest_ms = 0, push_oldest_ms = 0;
    uint64_t later_overdue_ms = 0;                       ///< since the first of them was due; 0 = none is
    std::map<std::pair<gateway, lane>, backlog> queues;  ///< push batches, of all applications
  };
  result<depths> measure();
  /// How much of its memory Redis uses: of its own limit, or without one of the machine's.
  result<unsigned> memory_percent();
  /// Where fan-out stands with a notification, and whether the device's push waits for another try.
  struct whereabouts {
    bool fan_out_begun = false;  ///< and not forgotten yet
    uint64_t fan_out_position = 0;
    device_key fan_out_start;
    struct put_aside_target {
      unsigned attempts = 0;
      utc_ms due_at = 0;
    };
    std::optional<put_aside_target> retry;
  };
  result<whereabouts> locate(notification_key notification, device_key device);
  /// Targets of a notification that have no durable outcome yet, as Redis counts them.
  result<int64_t> pending(notification_key key);

 private:
  result<redis_reply> run(const redis_script& script, std::vector<std::string> keys,
                          std::vector<std::string> arguments);
  /// Runs a script that takes many steps at a time, in one round trip and as few calls as its bounds allow: a
  /// call costs Redis about as much as what a small step does. Gives each step's reply; `tail` is what the
  /// last call that was answered said behind them.
  struct script_call {
    std::vector<std::string> keys, arguments;
  };
  std::vector<result<redis_reply>> run_steps(const redis_script& script, const script_call& shared,
                                             std::vector<script_call> steps,
                                             std::vector<redis_reply>* tail = nullptr);
  result<redis_reply> judged(redis_reply reply) const;
  /// Begins another turn where a request of this one may still arrive.
  result<void> leave_behind();
  /// run_steps() for the leader's own scripts, which notes whether each was answered.
  std::vector<result<redis_reply>> lead_steps(const redis_script& script, const script_call& shared,
                                              std::vector<script_call> steps);
  /// New entries of a stream, and the reply to another command, read after them.
  result<std::pair<std::vector<claim>, redis_reply>> read_group(const std::string& stream, const char* group,
                                                                const std::string& queue, size_t most,
                                                                redis_arguments also = {"PING"});
  result<std::vector<claim>> take_over(const std::string& stream, const char* group,
                                       const std::string& progress, const std::string& queue,
                                       const std::vector<std::string>& known, size_t most, claims_of whom);
  result<void> bury(const std::string& stream, const char* group, const std::string& progress,
                    const claim& what, const std::string& reason);

  journal_keys keys_;
  std::string run_id_;
  std::string consumer_;
  redis_settings endpoint_;
  redis redis_;
  uint64_t control_version_ = 0;
  uint64_t epoch_ = 0;       ///< in which we lead
  std::string turn_;         ///< under which we lead
  bool unanswered_ = false;  ///< one of our requests of this turn had no answer
  std::vector<std::string> buried_;
};

}  // namespace pusher
