// One event, one line on standard error: JSON for programs, text for people. Never a push token, key or
// payload.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pusher::log {

using fields = std::initializer_list<std::pair<std::string_view, std::string>>;

/// `level`: trace, debug, info, warn, error. `format`: json, text.
void set_up(const std::string& level, const std::string& format);

/// Whether the level is one of the above.
bool set_level(const std::string& level);

/// `event` is a stable dotted name. Values are escaped; thread-safe.
void debug(std::string_view event, fields values = {});
void info(std::string_view event, fields values = {});
void warn(std::string_view event, fields values = {});
void error(std::string_view event, fields values = {});

}  // namespace pusher::log
