// Whether the journal in Redis is the one that MariaDB knows, and as far as MariaDB knows: a decision without
// I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/journal_identity.hpp"

namespace pusher {

/// What Redis holds.
struct journal_evidence {
  std::optional<std::string> run;  ///< run id; nothing = the key is missing
  bool vouched = false;            ///< somebody has compared it since Redis was started
  std::optional<uint64_t> epoch;
  std::optional<std::string> last_result;  ///< the last entry that `results` ever had, as a mark; nothing =
                                           ///< no such stream
  uint64_t pages = 0;
};

enum class journal_state : uint8_t {
  whole,       ///< the one that MariaDB knows
  unmade,      ///< there has not been one yet
  rebuilding,  ///< a leader makes it anew, or died in the middle of that
  lost,        ///< gone, or a part of it
  older,       ///< Redis came back with older data
  foreign      ///< another installation's: it is left alone
};

struct journal_finding {
  journal_state state = journal_state::whole;
  std::string why;  ///< a sentence for operators; empty when whole

  /// A leader is to rebuild it.
  bool broken() const {
    return state == journal_state::rebuilding || state == journal_state::lost ||
           state == journal_state::older;
  }
};

/// MariaDB is to be read before Redis: what it knows only grows.
journal_finding judge(const journal_identity& known, const journal_evidence& found);

/// The installation that a run id belongs to.
std::string installation_of(const std::string& run_id);

}  // namespace pusher
