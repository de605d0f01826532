// Why a device got a notification, or did not: what is known, and what it means.
#pragma once

#include <optional>
#include <string>

#include "model/condition_fault.hpp"
#include "model/device.hpp"
#include "model/notification.hpp"

namespace pusher {

/// What is known of one notification and one device.
struct delivery_trace {
  notification target;
  device_key last_device;  ///< the audience is among the devices up to this one
  stored_device device;
  std::optional<delivery> settled;
  utc_ms received_at = 0;  ///< as the client reported; 0 = it did not
  utc_ms opened_at = 0;

  /// Where fan-out stands, when it is not done.
  bool passed_by_fan_out = false;
  /// Set when the push waits for another try.
  struct retry {
    unsigned attempts = 0;
    utc_ms due_at = 0;
  };
  std::optional<retry> waits;
};

struct delivery_verdict {
  enum class kind : uint8_t {
    settled,       ///< there is an outcome
    pending,       ///< there will be one
    not_targeted,  ///< it is not in the audience
    not_launched   ///< there is no audience yet
  };
  kind status = kind::settled;
  std::string reason;               ///< stable snake_case name
  std::string explanation;          ///< a sentence for a person
  std::optional<unmet_part> unmet;  ///< with `condition_not_met`
};
std::string_view to_string(delivery_verdict::kind value);

/// `meaning`: what the gateway's table says of the outcome's code; empty = nothing. A device that was not in
/// the audience is judged as it is now: what it was when its page was read is not kept.
delivery_verdict judge(const delivery_trace& of, std::string_view meaning);

}  // namespace pusher
