// The journal as a whole, below what the roles do with it: what Redis holds of it, the voucher for it, and
// the steps by which it is made anew.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "conf/settings.hpp"
#include "model/job.hpp"
#include "model/result.hpp"
#include "storage/journal_identity.hpp"
#include "storage/journal_judgement.hpp"
#include "storage/journal_keys.hpp"
#include "storage/redis.hpp"

namespace pusher {

/// Not thread-safe. Errors of every call: journal_unavailable.
class journal_foundation {
 public:
  explicit journal_foundation(const redis_settings& endpoint) : redis_(endpoint), keys_(endpoint.cluster) {}

  /// What is there, and whether somebody has vouched for this run, empty = for the one that is there.
  result<journal_evidence> look(const std::string& run_id = "");
  /// Says that the journal that the last look() found is the one that MariaDB knows. Fails when the
  /// connection has ended since: then it may be another one.
  result<void> vouch(const std::string& run_id);

  // -- rebuilding. Errors of each: fenced, when a newer leader is at it. begin() first; when the connection
  // ends after it, all others fail and it is to be begun anew, under another run id: Redis may have come back
  // with older data again. --

  result<void> begin(const journal_generation& made);
  /// Result batches that the former generation left, from the one behind `after` (empty = from the first),
  /// and the last entry looked at; empty = that was the end. What cannot be read is counted.
  struct surviving {
    std::vector<result_batch> batches;
    std::string last;
    size_t unreadable = 0;
  };
  result<surviving> results(const std::string& after, size_t most);
  /// Drops keys of former generations, a few at each call; false when there are none left.
  result<bool> sweep(const journal_generation& made);
  result<void> found(const journal_generation& made);
  /// Whoever asks for this run from now on finds it. Also ends the rebuild.
  result<void> finish(const journal_generation& made);
  /// Without having come to the end.
  void give_up();

  /// What nodes have said of their credentials, as journal_identity::configured keeps it.
  result<std::string> configured();

 private:
  bool outlives(const std::string& key) const;
  result<redis_reply> checked(const redis_script& script, std::vector<std::string> keys,
                              std::vector<std::string> arguments);

  redis redis_;
  journal_keys keys_;
  std::string scanned_ = "0";
};

}  // namespace pusher
