// Why a device does not meet a condition.
#pragma once

#include <optional>
#include <string>

#include "model/condition.hpp"

namespace pusher {

/// The innermost part of a condition that keeps a device from meeting it.
struct unmet_part {
  std::string pointer;   ///< JSON pointer within the condition, e.g. `/all/1`; empty = the condition itself
  std::string json;      ///< that part
  bool negated = false;  ///< the device meets it, and must not
};

/// Of `all` the first part that is not met. Of several alternatives each is at fault, so the `any` itself is
/// named. Nothing when the device meets the condition.
std::optional<unmet_part> find_unmet_part(const condition& of, device_reader& device, utc_ms as_of);

}  // namespace pusher
