// How the devices that may meet a condition are found: by reading all, or by what an index names. The
// condition judges each of them all the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/condition.hpp"
#include "model/ids.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

/// Parts of a device's row, as bits. A server that sends less reads faster.
enum class device_parts : uint8_t {
  none = 0,        ///< key, gateway, environment and platform are always read
  token = 1,       ///< push_token
  attributes = 2,  ///< device_id, user_id, locale, time_zone, app_version, times
  properties = 4,
  all = 7
};
constexpr device_parts operator|(device_parts a, device_parts b) {
  return static_cast<device_parts>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool includes(device_parts all, device_parts part) {
  return (static_cast<uint8_t>(all) & static_cast<uint8_t>(part)) != 0;
}

struct device_plan {
  enum class access : uint8_t {
    scan,   ///< every device
    index,  ///< those that have one of `values`
    users   ///< those of `users`
  };
  struct value {
    uint32_t index_id = 0;
    uint64_t hash = 0;
    bool by_contains = false;
  };

  access by = access::scan;
  device_parts parts = device_parts::all;  ///< to be read; a plan for a condition has what that looks at
  uint64_t candidates = 0;                 ///< devices that the index names; 0 for a scan
  std::string property;                    ///< the index's name, or the first of several
  std::vector<value> values;
  std::vector<std::string> users;
};

/// The cheapest way that is right for the condition, whose segments are written out.
result<device_plan> make_device_plan(database::connection& on, application_id app, const condition& where);

/// Up to `most` keys with after < key <= last that the plan's index names, in key order, in `keys`; whether
/// these are all. A plan whose index is not kept any more becomes a scan, and `keys` means nothing then.
result<bool> read_planned_keys(database::connection& on, device_plan& plan, device_key after, device_key last,
                               size_t most, std::vector<uint64_t>& keys);

}  // namespace pusher
