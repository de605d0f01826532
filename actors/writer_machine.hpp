// The logic of a result-writer: result batches in, rows and settled entries out. It does no I/O: its driver
// performs one action at a time and tells it what came of it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "model/job.hpp"
#include "storage/journal.hpp"

namespace pusher {

struct writer_bounds {
  size_t entries_per_claim = 16;        ///< when nothing is known of their size
  size_t most_entries_per_claim = 128;  ///< while they are small
  size_t targets_per_transaction = 4000;
  /// What comes within this time behind a claim is claimed together, so that a steady stream is written in
  /// transactions of some thousand rows. The first result after a rest never waits.
  utc_ms gather_ms = 20;
  utc_ms store_retry_ms = 500;  ///< pause after a failed store action
};

struct writer_counters {
  uint64_t entries = 0, rows = 0, repeated = 0, tokens_disabled = 0, completed = 0, buried = 0;
};

class writer_machine {
 public:
  struct claim_work {
    size_t entries = 0;
  };
  struct record {
    const std::vector<result_batch>* batches = nullptr;
    const std::vector<settled_entry>* entries = nullptr;  ///< they are from
  };
  struct settle {
    const std::vector<settled_entry>* entries = nullptr;
  };
  struct forget {
    const std::vector<notification_key>* keys = nullptr;
  };
  struct bury {
    claim what;
    std::string reason;
  };
  struct idle {
    utc_ms until = 0;  ///< 0 = only an event brings work
  };
  using action = std::variant<idle, claim_work, record, settle, forget, bury>;

  explicit writer_machine(writer_bounds bounds) : bounds_(bounds) {}

  action next(utc_ms now);

  void woken() { work_may_wait_ = true; }
  void claimed(std::vector<claim> claims, bool maybe_more);
  /// Rows are committed. `missing`: notifications without a row, whose results cannot be stored.
  void recorded(size_t new_rows, size_t tokens_disabled, const std::vector<notification_key>& completed,
                const std::vector<notification_key>& missing);
  void settled();
  void forgotten() { to_forget_.clear(); }
  /// While draining nothing waits for a store to return: what is claimed is safe in the journal for a
  /// successor.
  void store_failed(utc_ms now);
  /// Claim nothing more; what is claimed is finished.
  void drain() { draining_ = true; }

  bool drained() const { return draining_ && waiting_.empty() && batches_.empty() && entries_.empty(); }
  const writer_counters& counters() const { return counters_; }
  /// The entries that are claimed and not settled.
  std::vector<std::string> entries() const;

 private:
  struct readable {
    claim origin;
    result_batch batch;
  };
  void gather();
  size_t entries_to_claim() const;

  writer_bounds bounds_;
  size_t targets_per_entry_ = 0;  ///< of the last claim, rounded up; 0 = not known
  writer_counters counters_;
  std::deque<readable> waiting_;
  std::vector<claim> under_way_;        ///< claims of the transaction under way
  std::vector<result_batch> batches_;   ///< to be recorded; empty once they are
  std::vector<settled_entry> entries_;  ///< to be settled once recorded
  std::deque<bury> to_bury_;
  std::vector<notification_key> to_forget_;
  utc_ms store_retry_at_ = 0;
  utc_ms claimed_at_ = 0;  ///< the last claim was begun
  size_t asked_for_ = 0;   ///< entries, by it
  utc_ms claim_again_at_ = 0;  ///< not earlier, so that results gather
  bool work_may_wait_ = true;
  bool draining_ = false;
};

}  // namespace pusher
