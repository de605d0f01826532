// The devices and conditions that the audience is measured with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/device.hpp"

namespace pusher::bench {

/// The i-th device: 4 to 8 properties, the same for the same number.
device device_number(uint64_t i);

struct measured_condition {
  const char* name;
  std::string json;
};

/// From every device to one in 10,000, by each kind of operator; the last one demands a rare coupon.
const std::vector<measured_condition>& measured_conditions();

/// One device in 10,000 has this coupon.
inline const std::string rare_coupon = R"({"property":"coupon","eq":"c77"})";

}  // namespace pusher::bench
