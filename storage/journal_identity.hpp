// The journal's identity, as MariaDB remembers it: which Redis data set belongs to these rows, and how much
// of it they are based on.
#pragma once

#include <cstdint>
#include <string>

#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

struct journal_identity {
  std::string run_id;  ///< of this generation: the installation, and after a rebuild a part behind a dot
  std::string installation;    ///< never changes
  bool fresh = false;          ///< Redis never had it: it may be created
  bool rebuilding = false;     ///< a leader is at it, or died in the middle of it
  uint64_t rebuilds = 0;       ///< that were finished
  std::string highest_result;  ///< the latest entry of `results` that became rows, as a mark; empty = none
  uint64_t pages = 0;          ///< the highest number of a page whose notification's audience is final
  std::string configured;      ///< what nodes said of their credentials, as lines `node text`
};

/// A journal that is to be made anew.
struct journal_generation {
  std::string run_id;
  std::string installation;
  uint64_t epoch = 0;
  std::string configured;
};

/// Errors of every call: store_unavailable. `fenced`: someone else leads.
class journal_identity_store {
 public:
  explicit journal_identity_store(database& db) : db_(db) {}

  /// Makes and stores a name when there is none yet.
  result<journal_identity> get_or_create();
  /// Marks the journal as created in Redis: from now on a Redis without it has lost it.
  result<void> mark_created(const std::string& run_id);

  /// Begins a rebuild: names the next generation, raises the epoch, so that nothing which the holder had
  /// begun takes effect any more, and takes away the writers' marks, which waits for their transactions.
  /// The epoch rises above `epoch_in_redis`, too: a MariaDB that was restored knows of fewer leaders.
  /// Repeatable: each call makes another generation.
  result<journal_generation> begin_rebuild(const std::string& holder, uint64_t epoch,
                                           uint64_t epoch_in_redis = 0);
  /// The journal of this generation is whole.
  result<void> finish_rebuild(const journal_generation& made);
  /// Remembers what nodes said of their credentials: they say it too rarely for a rebuild to wait for it.
  result<void> note_configured(uint64_t epoch, const std::string& lines);

 private:
  database& db_;
};

/// Within a transaction of fan-out: rows are based on the page of this number now.
result<void> note_pages(database::connection& on, uint64_t pages);

}  // namespace pusher
