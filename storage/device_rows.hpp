// How rows of the table devices become values.
#pragma once

#include <string>

#include "model/device.hpp"
#include "storage/connection.hpp"
#include "storage/device_plan.hpp"

namespace pusher {

/// The columns of a device_row that are wanted, in the order in which read_device_row takes them. Each column
/// less is felt: a server sends them one by one.
std::string device_row_columns(device_parts wanted);
/// All of those and the rest, for read_stored_device.
inline const std::string stored_device_columns =
    device_row_columns(device_parts::all) + ", updated_at, token_registered_at, disabled, disabled_at";

/// Views into the row's buffers; parts that were not wanted are empty or 0.
device_row read_device_row(const sql_row& row, device_parts parts);
stored_device read_stored_device(const sql_row& row);

/// How many bytes of the row counts against the bounds of a page.
size_t size_of(const device_row& row);

}  // namespace pusher
