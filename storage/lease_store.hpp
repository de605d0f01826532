// The lease of fan-out: a row taken by compare-and-set on the database's clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

class lease_store {
 public:
  explicit lease_store(database& db) : db_(db) {}

  /// Takes the lease when it is free, has run out, or `predecessors` holds it (a holder known to be dead: the
  /// same data directory). Each take-over raises the epoch. Nothing when someone else holds it.
  result<std::optional<uint64_t>> acquire(const std::string& holder, uint32_t lease_ms,
                                          const std::string& predecessor = "");
  /// Prolongs it; `fenced` when it is not ours any more.
  result<void> renew(const std::string& holder, uint64_t epoch, uint32_t lease_ms);
  /// Frees it at once, if it is still ours.
  result<void> release(const std::string& holder, uint64_t epoch);

 private:
  database& db_;
};

/// The journal's identity, as MariaDB remembers it: which Redis data set belongs to these rows.
class journal_identity_store {
 public:
  explicit journal_identity_store(database& db) : db_(db) {}
  /// The run id; makes and stores one when there is none yet (`fresh` is then true: the journal may be
  /// created).
  struct identity {
    std::string run_id;
    bool fresh = false;
  };
  result<identity> get_or_create();
  /// Marks the journal as created in Redis: from now on a Redis without it has lost it.
  result<void> mark_created(const std::string& run_id);

 private:
  database& db_;
};

}  // namespace pusher
