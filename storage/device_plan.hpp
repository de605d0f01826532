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
  uint64_t candidates = 0;  ///< devices that the index names; 0 for a scan
  std::string property;     ///< the index's name, or the first of several
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
