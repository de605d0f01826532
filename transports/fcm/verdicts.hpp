// What an answer of FCM means: the error table, as one pure function.
#pragma once

#include <string_view>

#include "model/clock.hpp"
#include "transports/transport.hpp"

namespace pusher {

/// An answer as it came.
struct fcm_answer {
  int status = 0;
  std::string_view body;
  std::string_view retry_after;  ///< this field and the next as sent, or empty
  std::string_view date;
};

struct fcm_verdict {
  enum class scope : uint8_t {
    target,      ///< it says something about this target only
    credential,  ///< the access token or the right to send is refused: no target can get through
    project,     ///< the project's quota is used up: all targets must wait
    endpoint     ///< this was not FCM speaking: a wrong address, or something in between
  };

  pusher::verdict verdict;
  scope reach = scope::target;
};

fcm_verdict judge_fcm_answer(const fcm_answer& answer, utc_ms now);

}  // namespace pusher
