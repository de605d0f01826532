// The logic of fan-out: notifications in, pages of matching devices out, interleaved and bounded. It does no
// I/O: its driver performs one action at a time and tells it what came of it. Steps that cost a round trip or
// a commit are taken for all notifications together that are ready for them; nobody waits for others to be.
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
#include "actors/fan_out_bounds.hpp"
#include "actors/queue_gauge.hpp"
#include "actors/wave_filter.hpp"
#include "model/condition.hpp"
#include "model/device_wording.hpp"
#include "model/job.hpp"
#include "storage/device_store.hpp"
#include "storage/journal.hpp"
#include "storage/notification_store.hpp"
#include "transports/transport.hpp"

namespace pusher {

class fan_out_machine {
 public:
  // -- actions --
  struct read_worklist {
    size_t most = 0;
  };
  struct open_tasks {
    std::vector<notification_key> keys;
    size_t most_bytes = 0;  ///< more need not be opened at once
  };
  struct begin {
    struct start {
      const fan_out_task* task = nullptr;
      device_key from;  ///< where its walk through the devices begins, if it has not begun before
    };
    std::vector<start> tasks;
  };
  /// Those whose fan-out takes longer than a page; the others go from launched to their end.
  struct mark_sending {
    std::vector<notification_key> keys;
  };
  /// For one notification, or for several that read the same devices or name theirs.
  struct read_page {
    application_id application;
    device_plan* plan = nullptr;  ///< null where devices are named
    bool by_user = false;         ///< the ids are users'
    std::vector<std::string> ids;
    device_key after, last;
    page_bounds bounds;
  };
  struct commit {
    const std::vector<page_commit>* pages = nullptr;
  };
  struct note_audience {
    notification_key key;
    uint64_t audience = 0;
  };
  struct conclude {
    std::vector<final_audience> audiences;
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
    std::vector<notification_key> keys;
  };
  struct idle {
    utc_ms until = 0;
  };
  using action = std::variant<idle, read_worklist, open_tasks, begin, mark_sending, read_page, commit,
                              note_audience, conclude, finish_wave, measure, forget>;

  /// `reachable`: devices of other channels are skipped.
  fan_out_machine(fan_out_bounds bounds, reachability reachable);

  /// `now`, here and below, is of a clock that nobody sets.
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
  void woken() { woken_ = true; }
  void worklist(const std::vector<fan_out_job>& jobs, utc_ms now);
  /// One of those to be opened. `plan`: how the devices that may meet its condition are found; a scan for an
  /// audience of ids.
  void opened(fan_out_task task, device_plan plan = {});
  /// Those that were not opened have to wait for the next action.
  void opening_ended();
  /// The notification cannot be read; it is left alone for a while.
  void unreadable(notification_key key, utc_ms now);
  /// It may not go on, e.g. as it was paused: the worklist gives it back when it may.
  void halted(notification_key key) { give_up(key); }
  // Each with an outcome for each of the action's notifications, in order. One that failed is tried again.
  void begun(const std::vector<result<journal::cursor>>& at);
  void committed(const std::vector<result<page_committed>>& outcomes, utc_ms now);
  void forgotten(const std::vector<result<bool>>& gone, utc_ms now);
  /// The others may not go on.
  void marked_sending(const std::set<notification_key>& sending);
  /// The rows of a page follow; `time_of_day`: when what is skipped among them was settled.
  void page_begins(utc_ms time_of_day) { page_begun_at_ = time_of_day; }
  void visit(const device_row& row);
  /// Of notifications that were begun anew after their journal was lost: between which devices of the page
  /// that was visited last there are some that were taken. Those of them that have a row are to be left out
  /// before the page counts as read.
  struct taken_range {
    notification_key key;
    device_key first, last;
  };
  std::vector<taken_range> taken_anew() const;
  /// `settled` is in order.
  void leave_out(notification_key key, const std::vector<device_key>& settled);
  void page_was_read(const page_end& end, utc_ms now);
  void audience_noted(utc_ms now);
  void concluded(utc_ms now);
  void wave_finished() { give_up(group_.front()); }
  void measured(const std::vector<uint64_t>& outstanding, utc_ms now);
  void store_failed(utc_ms now) { store_retry_at_ = now + bounds_.store_retry_ms; }

  const fan_out_counters& counters() const { return counters_; }
  size_t under_way() const { return tasks_.size(); }
  /// What clients call it; the key's number when that is not known.
  std::string name_of(notification_key key) const {
    auto found = tasks_.find(key);
    auto known = found != tasks_.end() && !found->second.task.id.empty();
    return known ? found->second.task.id : "#" + std::to_string(key.value);
  }

 private:
  enum class stage : uint8_t { known, opened, reading, closing };
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
    device_key first_taken, last_taken;  ///< of the page being read
    utc_ms gathering_since = 0;          ///< 0 = nothing gathered
    utc_ms noted_at = 0;
    uint64_t noted_audience = 0;
    std::map<std::pair<gateway, environment>, std::vector<push_target>> found;
    std::vector<push_result> skipped;
    std::set<std::string> accounts;  ///< that it has appended to, see account_of
    channel_set reachable;           ///< of its application
    size_t gathered = 0;
  };

  /// Who is next: transactional before campaigns, then whoever was served longest ago.
  using turn = std::tuple<bool, uint64_t, notification_key>;

  /// What a notification is ready for.
  enum class need : uint8_t { nothing, open, begin, mark, commit, note, conclude, finish_wave, read };
  need need_of(const under_way_task& task, utc_ms now) const;
  void gather(const turn& first, need wanted, utc_ms now);
  bool fits(const under_way_task& task, need wanted, size_t& weight) const;
  action act(need wanted, utc_ms now);
  action begin_group();
  action conclude_group();
  action wait(utc_ms now);
  action read_for(under_way_task& task, utc_ms now);
  action read_named(under_way_task& first);
  /// Whether it has to be told that it takes longer before it goes on.
  static bool takes_longer(const under_way_task& task);
  /// Whether it reads all devices, and so can share its pages with others.
  static bool scans(const under_way_task& task);
  static bool names_devices(const under_way_task& task);
  void note_names(under_way_task& task);
  /// Whether it may read on. While its queues are full it gathers one batch.
  bool reads(const under_way_task& task) const;
  under_way_task* furthest_behind(const under_way_task& of);
  device_key where_others_are(const under_way_task& fresh);
  void take_if_met(under_way_task& task, const device_row& row);
  void take(under_way_task& task, const device_row& row);
  channel_set channels_of(application_id app) const;
  void skip(under_way_task& task, const device_row& row, const char* rule) const;
  /// How far it is, as the journal keeps it.
  static uint64_t cursor_of(const under_way_task& task);
  static turn turn_of(const under_way_task& task);
  void had_its_turn(under_way_task& task);
  void give_up(notification_key key);
  bool commit_due(const under_way_task& task, utc_ms now) const;
  bool blocked(const under_way_task& task) const;
  page_commit make_commit(under_way_task& task);
  void committed(const page_commit& page, const page_committed& outcome, utc_ms now);
  std::vector<std::string> full_queues() const;

  fan_out_bounds bounds_;
  reachability reachable_;
  fan_out_counters counters_;
  uint64_t epoch_ = 0;
  std::map<notification_key, under_way_task> tasks_;
  std::map<notification_key, utc_ms> unreadable_;              ///< until when
  std::deque<std::pair<notification_key, utc_ms>> to_forget_;  ///< and when, in order
  std::map<std::string, queue_gauge> gauges_;
  std::vector<std::string> measuring_;
  std::vector<notification_key> group_;   ///< whose action is under way
  size_t opens_at_once_;                  ///< grows while their texts are small
  std::vector<under_way_task*> readers_;  ///< whom the page serves that is being read
  /// When it reads the devices that several name: who named what.
  std::unordered_map<std::string_view, std::vector<under_way_task*>> named_by_;
  bool named_users_ = false;
  device_key page_last_;   ///< up to which it reads
  device_plan page_plan_;  ///< when it serves several
  std::set<turn> turns_;   ///< of all tasks
  uint64_t served_ = 0;
  size_t gathered_ = 0;  ///< by all tasks
  uint64_t round_ = 1;   ///< begins when a full queue has room again; each task may then append once
  std::vector<page_commit> commits_;  ///< under way
  device_reader reader_;
  utc_ms worklist_due_at_ = 0;
  utc_ms measure_at_ = 0;
  utc_ms store_retry_at_ = 0;
  utc_ms now_ = 0;
  utc_ms page_begun_at_ = 0;
  bool woken_ = false;
};

}  // namespace pusher
