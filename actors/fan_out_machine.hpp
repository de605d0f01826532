// The logic of fan-out: notifications in, pages of matching devices out, interleaved and bounded. It does no
// I/O: its driver performs one action at a time and tells it what came of it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/device_walk.hpp"
#include "actors/wave_filter.hpp"
#include "model/condition.hpp"
#include "model/device_wording.hpp"
#include "model/job.hpp"
#include "storage/device_store.hpp"
#include "storage/journal.hpp"
#include "storage/notification_store.hpp"
#include "transports/transport.hpp"

namespace pusher {

constexpr size_t most_readers = 64;  ///< notifications that share a page

struct fan_out_bounds {
  size_t devices_per_batch = 500;
  page_bounds page;
  size_t first_page_rows = 1000;     ///< smaller, so that the first push leaves early
  utc_ms gather_ms = 20;             ///< longest time that a match waits for its batch to fill
  size_t notifications = 10'000;     ///< under way at once
  utc_ms poll_ms = 1000;             ///< how often the worklist is read without a wake-up
  utc_ms note_ms = 500;              ///< how often a growing audience is written to MariaDB
  utc_ms measure_ms = 10;            ///< how often full queues are looked at again
  utc_ms store_retry_ms = 500;       ///< pause after a failed store action
  utc_ms corrupt_pause_ms = 60'000;  ///< pause before an unreadable notification is tried again
  uint64_t least_mark = 1000;        ///< outstanding targets that a queue may always have
  uint64_t most_mark = 100'000;
  size_t values_per_batch = 1024 * 1024;  ///< bytes of devices' values in one batch
  size_t gathered =
      50'000;  ///< targets of notifications that wait for full queues; more are not read for them
};

/// How many targets a queue may have outstanding: about half a second of what it was seen to drain.
class queue_gauge {
 public:
  void appended(uint64_t targets) { appended_ += targets; }
  void measured(uint64_t outstanding, utc_ms now);
  bool full(const fan_out_bounds& bounds) const;

 private:
  uint64_t appended_ = 0;
  uint64_t outstanding_ = 0;
  uint64_t drained_at_sample_ = 0;
  utc_ms sampled_at_ = 0;
  double drained_per_second_ = 0;
};

struct fan_out_counters {
  uint64_t rows_read = 0, pages = 0, targets = 0, skipped = 0, batches = 0, finished = 0;
};

class fan_out_machine {
 public:
  // -- actions --
  struct read_worklist {};
  struct open_task {
    notification_key key;
  };
  struct begin {
    const fan_out_task* task = nullptr;
    device_key start;  ///< where its walk through the devices begins, if it has not begun before
  };
  struct mark_sending {
    notification_key key;
  };
  /// For one notification or, with a plan that scans, for several at once.
  struct read_page {
    const fan_out_task* task = nullptr;
    device_plan* plan = nullptr;
    device_key after, last;
    page_bounds bounds;
  };
  struct commit {
    const page_commit* page = nullptr;
  };
  struct note_audience {
    notification_key key;
    uint64_t audience = 0;
    bool done = false;
  };
  /// A wave is appended, and another one will follow.
  struct finish_wave {
    notification_key key;
    uint64_t audience = 0;
    unsigned wave = 0;
    utc_ms next_due = 0;
  };
  struct measure {
    std::vector<std::string> queues;
  };
  struct forget {
    notification_key key;
  };
  struct idle {
    utc_ms until = 0;
  };
  using action = std::variant<idle, read_worklist, open_task, begin, mark_sending, read_page, commit,
                              note_audience, finish_wave, measure, forget>;

  /// `reachable`: devices of other channels are skipped.
  fan_out_machine(fan_out_bounds bounds, reachability reachable);

  action next(utc_ms now);

  // -- events --
  /// From now on these channels have a credential.
  void reach(reachability channels);
  const reachability& reachable() const { return reachable_; }
  void lead(uint64_t epoch);
  /// The lease is gone: forget everything; MariaDB and the journal know where the next leader goes on.
  void stand_down();
  bool leading() const { return epoch_ != 0; }
  uint64_t epoch() const { return epoch_; }
  void woken() { worklist_due_at_ = 0; }
  void worklist(const std::vector<fan_out_job>& jobs, utc_ms now);
  /// `plan`: how the devices that may meet its condition are found; a scan for an audience of ids.
  void opened(fan_out_task task, device_plan plan = {});
  /// The notification cannot be read; it is left alone for a while.
  void unreadable(notification_key key, utc_ms now);
  /// It may not go on, e.g. as it was paused: the worklist gives it back when it may.
  void halted(notification_key key) { give_up(key); }
  void begun(const journal::cursor& at);
  void marked_sending();
  void visit(const device_row& row);
  void page_was_read(const page_end& end, utc_ms now);
  void committed(const page_committed& outcome, utc_ms now);
  void audience_noted(utc_ms now);
  void wave_finished() { give_up(current_); }
  void measured(const std::vector<uint64_t>& outstanding, utc_ms now);
  void forgotten(bool gone, utc_ms now);
  void store_failed(utc_ms now) { store_retry_at_ = now + bounds_.store_retry_ms; }

  const fan_out_counters& counters() const { return counters_; }
  size_t under_way() const { return tasks_.size(); }

 private:
  enum class stage : uint8_t { known, opened, begun, reading, closing };
  struct under_way_task {
    fan_out_machine::stage at = stage::known;
    fan_out_task task;
    condition where;
    device_wording wording;
    device_plan plan;
    std::optional<wave_filter> wave;
    device_walk walk;           ///< rows passed were looked at
    uint64_t committed_to = 0;  ///< the cursor in the journal
    uint64_t audience = 0;
    uint64_t served = 0;  ///< when it last had its turn
    uint64_t round = 0;   ///< in which it last appended
    bool first_page = true;
    utc_ms gathering_since = 0;  ///< 0 = nothing gathered
    utc_ms noted_at = 0;
    uint64_t noted_audience = 0;
    std::map<std::string, std::pair<push_queue, std::vector<push_target>>> found;
    std::vector<push_result> skipped;
    std::set<std::string> accounts;  ///< that it has appended to, see account_of
    channel_set reachable;           ///< of its application
    size_t gathered = 0;
  };

  /// Who is next: transactional before campaigns, then whoever was served longest ago.
  using turn = std::tuple<bool, uint64_t, notification_key>;

  std::optional<action> step(under_way_task& task, utc_ms now);
  action read_for(under_way_task& task, utc_ms now);
  /// Whether it reads all devices, and so can share its pages with others.
  static bool scans(const under_way_task& task);
  /// Whether it may read on. While its queues are full it gathers one batch.
  bool reads(const under_way_task& task) const;
  under_way_task* furthest_behind(const under_way_task& of);
  device_key where_others_are(const under_way_task& fresh);
  void take(under_way_task& task, const device_row& row);
  channel_set channels_of(application_id app) const;
  void skip(under_way_task& task, const device_row& row, const char* rule) const;
  /// How far it is, as the journal keeps it.
  static uint64_t cursor_of(const under_way_task& task);
  /// All that it was to append is appended.
  action conclude(under_way_task& task);
  static turn turn_of(const under_way_task& task);
  void had_its_turn(under_way_task& task);
  void give_up(notification_key key);
  bool commit_due(const under_way_task& task, utc_ms now) const;
  bool blocked(const under_way_task& task) const;
  void make_commit(under_way_task& task);
  std::vector<std::string> full_queues() const;

  fan_out_bounds bounds_;
  reachability reachable_;
  fan_out_counters counters_;
  uint64_t epoch_ = 0;
  std::map<notification_key, under_way_task> tasks_;
  std::map<notification_key, utc_ms> unreadable_;  ///< until when
  std::deque<notification_key> to_forget_;
  std::map<std::string, queue_gauge> gauges_;
  std::vector<std::string> measuring_;
  notification_key current_;              ///< whose action is under way
  std::vector<under_way_task*> readers_;  ///< whom the page serves that is being read
  device_key page_last_;                  ///< up to which it reads
  device_plan page_plan_;                 ///< when it serves several
  std::set<turn> turns_;                  ///< of all tasks
  uint64_t served_ = 0;
  size_t gathered_ = 0;  ///< by all tasks
  uint64_t round_ = 1;   ///< begins when a full queue has room again; each task may then append once
  std::optional<page_commit> commit_;
  device_reader reader_;
  utc_ms worklist_due_at_ = 0;
  utc_ms measure_at_ = 0;
  utc_ms forget_at_ = 0;
  utc_ms store_retry_at_ = 0;
  utc_ms now_ = 0;
  bool noting_done_ = false;
};

}  // namespace pusher
