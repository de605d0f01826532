// Devices in JSON.
#pragma once

#include <string>

#include <rapidjson/document.h>

#include "http/json_writer.hpp"
#include "model/device.hpp"
#include "model/result.hpp"

namespace pusher::http {

/// A device from the body of a PUT; with `from_import` the body carries its `device_id` itself.
result<device> parse_device(const rapidjson::Value& body, const std::string& device_id);
result<device> parse_imported_device(const rapidjson::Value& body);

/// Checks the device id of a path. Errors: invalid_field.
result<void> check_device_id(const std::string& device_id);

/// Which device is looked for by its push token: a device with `gateway`, `push_token` and `environment`.
result<device> parse_token_query(const rapidjson::Value& body);

/// Lays a merge-patch (RFC 7396) over a device.
result<void> patch_device(device& onto, const rapidjson::Value& patch);

/// The push token is never shown in full: its last four characters must do.
void write_device(json_text& out, const stored_device& from);

/// The device as parse_imported_device reads it, push token and keys included.
void write_exported_device(json_text& out, const device& from);

}  // namespace pusher::http
