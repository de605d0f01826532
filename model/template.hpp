// Texts with variables in them, such as `Hello {{properties.first_name | there}}`. docs/content.md has the
// rules.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"

namespace pusher {

/// Where a variable's value comes from. Numbers are stored: never renumber.
enum class variable_source : uint8_t {
  property = 1,  ///< `properties.NAME`, of the device
  device = 2,    ///< `device.NAME`, one of device_variable_names
  target = 3     ///< `variables.NAME`, which the audience's target brings along
};

inline constexpr std::array<std::string_view, 8> device_variable_names{
    "app_version", "device_id", "gateway", "language", "locale", "platform", "time_zone", "user_id"};

struct variable {
  variable_source source = variable_source::property;
  std::string name;

  friend bool operator==(const variable& a, const variable& b) {
    return a.source == b.source && a.name == b.name;
  }
};
/// As it stands in a text, e.g. `properties.first_name`.
std::string to_string(const variable& value);

/// Constant text, or a variable and the text that stands in for it while it has no value.
struct template_piece {
  std::string text;
  std::optional<variable> from;
};

/// Whether parse_template() would give anything but the text itself.
inline bool may_have_variables(std::string_view text) {
  return text.find("{{") != std::string_view::npos;
}

/// Errors: invalid_field, with a sentence that names the place within the text.
result<std::vector<template_piece>> parse_template(std::string_view text);

}  // namespace pusher
