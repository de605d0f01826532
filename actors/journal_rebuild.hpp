// Makes a lost or older journal anew from MariaDB, step by step, under the leader's epoch. Every step can be
// repeated: whoever dies in the middle leaves a journal that counts as being rebuilt, and the next leader
// begins again, under another name.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "conf/settings.hpp"
#include "storage/database.hpp"
#include "storage/delivery_store.hpp"
#include "storage/journal_foundation.hpp"
#include "storage/notification_store.hpp"

namespace pusher {

/// Not thread-safe; blocks on connections of its own.
class journal_rebuild {
 public:
  /// `process` holds the lease.
  journal_rebuild(const settings& config, std::string process);

  struct report {
    std::string run_id;
    size_t results = 0;        ///< entries of `results` that had survived
    size_t notifications = 0;  ///< that begin anew
    uint64_t settled = 0;      ///< their targets that have a row, and get no second push
    int64_t milliseconds = 0;
  };
  /// Nothing when it is not broken. `epoch_raised` is called when the holder's epoch has become another one;
  /// once `stop` is set the next step fails. Errors: store_unavailable, journal_unavailable, fenced (someone
  /// else leads now).
  result<std::optional<report>> run_if_broken(uint64_t epoch, const std::function<void()>& epoch_raised,
                                              const std::atomic<bool>& stop);

  /// Keeps in MariaDB what nodes said of their credentials, when that has changed.
  result<void> remember_configured(uint64_t epoch);

 private:
  result<report> rebuild(const journal_generation& made, const std::atomic<bool>& stop);
  result<void> save_results(const journal_generation& made, report& into, const std::atomic<bool>& stop);
  result<void> sweep(const journal_generation& made, const std::atomic<bool>& stop);
  result<void> begin_anew(const journal_generation& made, report& into, const std::atomic<bool>& stop);

  std::string process_;
  database database_;
  journal_identity_store identities_;
  notification_store notifications_;
  delivery_store deliveries_;
  journal_foundation foundation_;
  std::string configured_;  ///< as MariaDB has it, as far as we know
};

}  // namespace pusher
