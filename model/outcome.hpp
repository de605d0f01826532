// What became of one notification on one device.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pusher {

/// Final outcome of a delivery. The numbers are stored in rows and journal entries: never renumber.
enum class outcome : uint8_t {
  accepted = 1,      ///< the gateway took it
  unregistered = 2,  ///< the push token is dead
  rejected = 3,      ///< payload, token or credential refused for good
  failed = 4,        ///< retries used up
  expired = 5,       ///< its time-to-live ended first
  canceled = 6,      ///< the notification was canceled
  skipped = 7,       ///< never sent, by a rule that `code` names
  unknown = 8        ///< the request left, no answer came
};

inline constexpr std::array all_outcomes{outcome::accepted, outcome::unregistered, outcome::rejected,
                                         outcome::failed,   outcome::expired,      outcome::canceled,
                                         outcome::skipped,  outcome::unknown};

std::string_view to_string(outcome value);
std::optional<outcome> parse_outcome(std::string_view name);
/// The outcome with that stored number; nothing for a number that does not exist.
std::optional<outcome> outcome_from_number(uint8_t number);

/// Why a device is `skipped`: its application has no active credential for its gateway.
inline constexpr const char* no_credential_rule = "no_credential";

/// How many targets met each outcome.
class outcome_counts {
 public:
  uint64_t& operator[](outcome o) { return counts_[static_cast<size_t>(o)]; }
  uint64_t operator[](outcome o) const { return counts_[static_cast<size_t>(o)]; }
  uint64_t total() const {
    uint64_t sum = 0;
    for (auto o : all_outcomes)
      sum += (*this)[o];
    return sum;
  }

 private:
  std::array<uint64_t, 9> counts_{};
};

}  // namespace pusher
