#include "model/webhook.hpp"

namespace pusher {

std::string_view to_string(webhook_state value) {
  switch (value) {
    case webhook_state::enabled:
      return "enabled";
    case webhook_state::disabled:
      return "disabled";
    case webhook_state::gone:
      return "gone";
    case webhook_state::failing:
      return "failing";
  }
  return "disabled";
}

}  // namespace pusher
