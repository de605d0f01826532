// Transactions that begin, commit, roll back and repeat by themselves.
#pragma once

#include <chrono>
#include <thread>

#include "storage/connection.hpp"
#include "storage/dropped_by_exceptions.hpp"

namespace pusher {

/// What else, beside deadlocks and lock time-outs, makes a transaction run again as a whole.
enum class repeats : uint8_t {
  on_deadlock,
  on_duplicate_too  ///< two that insert the same key: the second finds the row when it runs again
};

constexpr int transaction_tries = 4;

/// Runs `body(database::connection&)`, which returns a result, in a transaction: commits when it went well,
/// else rolls back. A body may run several times, so it must not keep anything from a failed run. When the
/// connection is lost in the commit, the outcome is unknown (store_unavailable).
template <class Body>
auto transact(database& db, Body body, repeats again = repeats::on_deadlock)
    -> decltype(body(std::declval<database::connection&>())) {
  dropped_by_exceptions guard(db);
  for (int attempt = 1;; ++attempt) {
    auto opened = db.open();
    if (!opened) return std::move(opened).failure();
    auto& on = **opened;
    if (auto begun = on.run("beginning a transaction", "START TRANSACTION"); !begun)
      return std::move(begun).failure();
    auto outcome = body(on);
    bool repeat = on.must_repeat() || (again == repeats::on_duplicate_too && on.duplicate());
    if (outcome) {
      auto committed = on.run("committing", "COMMIT");
      if (committed) return outcome;
      repeat = on.must_repeat();
      outcome = std::move(committed).failure();
    }
    if (on.lost()) return outcome;
    if (auto undone = on.run("rolling back", "ROLLBACK"); !undone) {
      db.drop();
      return outcome;
    }
    if (!repeat) return outcome;
    if (attempt == transaction_tries)
      return error{errc::store_unavailable, "Others kept changing the same rows at the same time", "", 1};
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * attempt));
  }
}

/// The open connection for statements that are transactions by themselves.
template <class Body>
auto with_connection(database& db, Body body) -> decltype(body(std::declval<database::connection&>())) {
  dropped_by_exceptions guard(db);
  auto opened = db.open();
  if (!opened) return std::move(opened).failure();
  return body(**opened);
}

}  // namespace pusher
