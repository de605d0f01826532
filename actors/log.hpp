// One event, one line on standard error: JSON for programs, text for people. Never a push token, key or
// payload.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pusher::log {

using fields = std::initializer_list<std::pair<std::string_view, std::string>>;

inline constexpr std::array level_names{"debug", "info", "warn", "error"};

/// `level`: trace, debug, info, warn, error. `format`: json, text, or auto: text on a terminal and else json.
void set_up(const std::string& level, const std::string& format);

/// Whether the level is one of the above.
bool set_level(const std::string& level);

/// `event` is a stable dotted name. Values are escaped, whatever bytes they have; one that is empty is left
/// out. Thread-safe, and never waits for whoever reads the log. An event that comes more often than some
/// dozens of times a second is sampled, and its lines say how many were left out.
void debug(std::string_view event, fields values = {});
void info(std::string_view event, fields values = {});
void warn(std::string_view event, fields values = {});
void error(std::string_view event, fields values = {});

/// Since the start.
struct line_counts {
  std::array<uint64_t, level_names.size()> written{};
  uint64_t repeated = 0;    ///< left out because their event came too often
  uint64_t unwritable = 0;  ///< lost because the file system is full, or the reader does not read
};
line_counts counts();

}  // namespace pusher::log
