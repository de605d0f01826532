// Which answers of a gateway give a delivery which outcome.
#pragma once

#include <string_view>

namespace pusher {

/// Whether an answer that is understood so (answer_action, as text) leads to this outcome. A code may stand
/// in several rows of a gateway's table: what it meant for a delivery is the row that does.
inline bool leads_to(std::string_view action, std::string_view outcome) {
  if (outcome == "unregistered") return action == "dead_token" || action == "switch_environment";
  if (outcome == "rejected") return action.rfind("refused", 0) == 0 || action == "refresh_credential";
  if (outcome == "unknown") return action == "unknown";
  return action.rfind("retry", 0) == 0;
}

}  // namespace pusher
