// A rehearsal: whom a notification would reach and what they would be sent, while nothing is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/clock.hpp"

namespace pusher::http {

/// What a client wants to see.
struct rehearsal_wish {
  std::vector<std::string> locales;      ///< empty = the content's own words and every localization
  std::optional<std::string> device_id;  ///< instead of locales: what this very device would be sent
};

struct rehearsed_payload {
  std::string_view gateway;
  std::string locale;        ///< that was asked for, or the device's; empty = none
  std::string localization;  ///< in whose words; empty = the content's own
  std::string payload;       ///< JSON, as the gateway would get it but for the push token; empty with a fault
  uint64_t bytes = 0;        ///< what the limit is about
  uint64_t limit = 0;
  bool shortened = false;  ///< the body, as the device's values make the push too large
  std::string fault;       ///< why it would not be sent; empty = it would
};

struct rehearsal {
  struct gateway_share {
    std::string_view gateway;
    uint64_t count = 0;
    uint64_t skipped = 0;  ///< of them
  };
  struct locale_share {
    std::string locale;        ///< as devices have it; empty = they have none
    std::string localization;  ///< what they get; empty = the content's own words
    uint64_t count = 0;
  };
  struct skip {
    std::string_view code;
    uint64_t count = 0;
  };

  utc_ms as_of = 0;
  uint64_t count = 0;  ///< devices of the audience
  std::vector<gateway_share> by_gateway;
  std::vector<locale_share> by_locale;  ///< the most frequent ones first
  uint64_t other_locales = 0;           ///< devices of locales that are not listed
  std::vector<skip> skipped;
  std::vector<rehearsed_payload> payloads;
  std::optional<bool> device_in_audience;
  std::optional<double> seconds;     ///< from the launch to the last push, retries aside; none = not known
  std::optional<double> per_second;  ///< at most, once under way
  std::string_view limited_by;       ///< by what: a setting's or field's name, or `measured`
};

}  // namespace pusher::http
