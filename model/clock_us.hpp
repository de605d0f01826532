// The time of day in microseconds, as logs and traces tell it.
#pragma once

#include <cstdint>
#include <string>

namespace pusher {

/// As now_ms().
int64_t now_us();

/// `2026-11-23T10:00:00.000000Z`.
std::string to_rfc3339_us(int64_t time_us);

}  // namespace pusher
