#include "model/outcome.hpp"

namespace pusher {

std::string_view to_string(outcome value) {
  switch (value) {
    case outcome::accepted:
      return "accepted";
    case outcome::unregistered:
      return "unregistered";
    case outcome::rejected:
      return "rejected";
    case outcome::failed:
      return "failed";
    case outcome::expired:
      return "expired";
    case outcome::canceled:
      return "canceled";
    case outcome::skipped:
      return "skipped";
    case outcome::unknown:
      return "unknown";
  }
  return "unknown";
}

std::optional<outcome> parse_outcome(std::string_view name) {
  for (auto each : all_outcomes)
    if (to_string(each) == name) return each;
  return std::nullopt;
}

std::optional<outcome> outcome_from_number(uint8_t number) {
  for (auto each : all_outcomes)
    if (static_cast<uint8_t>(each) == number) return each;
  return std::nullopt;
}

}  // namespace pusher
