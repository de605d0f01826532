// How far a result-writer's rows have come in the stream of results. The row that tells it is also the fence:
// a rebuild takes it away, and what a writer still holds of the journal before that is refused.
#pragma once

#include <string>
#include <string_view>

#include "model/result.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// A stream entry's id, `ms-number`, as a text whose order is that of the entries; empty for what is none.
std::string mark_of(std::string_view entry);

/// Not thread-safe: each writer has its own.
class result_mark {
 public:
  /// `writer` is its consumer name: no two that live share one.
  result_mark(std::string writer, std::string run_id)
      : writer_(std::move(writer)), run_id_(std::move(run_id)) {}

  /// Makes the row if it is not known to be there. Errors: store_unavailable; journal_lost, when MariaDB
  /// knows another generation of the journal.
  result<void> prepare(database& db);
  /// The first statement of a transaction that makes rows of entries up to this one, locking the writer's row
  /// until it ends. Errors: journal_lost, when the row is gone.
  result<void> raise(database::connection& on, const std::string& mark);
  /// The row may be gone: it is looked for again before the next transaction.
  void doubt() { known_ = false; }

 private:
  std::string writer_, run_id_;
  bool known_ = false;
};

}  // namespace pusher
