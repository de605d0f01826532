// The engine checks its own books: of each notification the audience is what has a row and what is pending,
// what is pending is somewhere in the journal, and what has ended has as many rows as it says. Knows neither
// actors nor who leads; blocks on what it asks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/self_check_board.hpp"
#include "conf/settings.hpp"
#include "storage/database.hpp"
#include "storage/journal_survey.hpp"
#include "storage/operator_queries.hpp"

namespace pusher {

class auditor {
 public:
  explicit auditor(const settings& config);
  /// One look: at most 1,000 notifications under way, in turn, and what has ended since the one before, in so
  /// far as counting its rows takes no longer than a moment. Errors: of the stores; then nothing was found
  /// out.
  result<self_check_findings> look(utc_ms now);
  /// Forgets what was seen: somebody else may have looked meanwhile.
  void begin();

 private:
  /// What a notification under way looked like.
  struct seen {
    uint64_t audience = 0, settled = 0;
    int64_t pending = 0;
    utc_ms since = 0;  ///< unchanged since then
  };

  result<void> look_at_what_is_under_way(utc_ms now, self_check_findings& into);
  result<void> look_at_what_has_ended(self_check_findings& into);
  result<void> look_closely(const notification_row& row);
  result<void> verify(const std::vector<notification_row>& rows, self_check_findings& into);
  bool suspicious(const notification_row& row, int64_t pending, utc_ms now);
  void note(const notification_row& row, const char* kind, const std::string& wrong);

  database db_;
  operator_queries rows_;
  journal_survey survey_;
  std::map<notification_key, seen> under_way_;
  std::vector<notification_key> gone_;  ///< were under way, and are not any more
  notification_key looked_to_;          ///< in this round through what is under way
  notification_key ended_to_;           ///< what ended up to this one was looked at
  bool begun_ = false;
  std::map<notification_key, self_check_difference> differences_;
};

}  // namespace pusher
