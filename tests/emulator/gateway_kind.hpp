// The gateways that the emulator plays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pusher::emulator {

enum class gateway_kind : uint8_t { fcm, apns, webpush, hms, legacy };

/// Their names in the log, in control messages and in statistics, in the order of the enumeration.
constexpr std::array<std::string_view, 5> gateway_names = {"fcm", "apns", "webpush", "hms", "legacy"};
constexpr size_t gateway_count = gateway_names.size();

constexpr size_t index_of(gateway_kind kind) {
  return static_cast<size_t>(kind);
}

constexpr std::string_view name_of(gateway_kind kind) {
  return gateway_names[index_of(kind)];
}

inline std::optional<gateway_kind> gateway_named(std::string_view name) {
  for (size_t i = 0; i < gateway_count; ++i)
    if (gateway_names[i] == name) return static_cast<gateway_kind>(i);
  return std::nullopt;
}

}  // namespace pusher::emulator
