// The typed properties of a device, as clients write them: strings, numbers, booleans, times and lists of
// strings.
#pragma once

#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "model/result.hpp"

namespace pusher {

/// Whether a property may be called so. Errors: invalid_field.
result<void> check_property_name(std::string_view name);

/// Checks an object of properties and gives its compact text. A time is {"time": "<RFC 3339>"}. Errors:
/// invalid_field with `pointer` leading to the fault.
result<std::string> checked_properties(const rapidjson::Value& value, const std::string& pointer);

/// The stored properties with a patch laid over them: a null removes a property, anything else sets it.
result<std::string> merged_properties(const std::string& stored, const rapidjson::Value& patch,
                                      const std::string& pointer);

}  // namespace pusher
