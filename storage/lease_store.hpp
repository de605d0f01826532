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

}  // namespace pusher
