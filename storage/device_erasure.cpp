#include "storage/device_erasure.hpp"

#include <algorithm>

#include "model/device.hpp"
#include "storage/connection.hpp"
#include "storage/property_index_rows.hpp"

namespace pusher {

namespace {

constexpr size_t list_length = 1000;

/// Deletes the rows of one table that belong to these devices; how many.
result<uint64_t> delete_by_keys(database::connection& on, const char* table, const char* column,
                                application_id app, const std::vector<uint64_t>& keys) {
  uint64_t deleted = 0;
  for (size_t from = 0; from < keys.size(); from += list_length) {
    auto to = std::min(from + list_length, keys.size());
    sql_parameters parameters{app};
    add_padded(parameters, keys.begin() + static_cast<long>(from), keys.begin() + static_cast<long>(to));
    auto done = on.execute("deleting devices",
                           "DELETE FROM " + std::string(table) + " WHERE application_id = ? AND " + column +
                               " IN (" + placeholders(to - from) + ")",
                           parameters);
    if (!done) return done.failure();
    deleted += *done;
  }
  return deleted;
}

}  // namespace

result<erased_counts> erase_devices(database::connection& on, application_id app, device_column column,
                                    const std::vector<std::string>& values, size_t most) {
  auto names = read_indexed_properties(on, app, true);
  if (!names) return names.failure();
  property_index_rows index(std::move(*names));
  bool by_user = column == device_column::user_id;
  std::vector<uint64_t> keys;
  erased_counts erased;
  for (size_t from = 0; from < values.size() && keys.size() < most; from += list_length) {
    auto to = std::min(from + list_length, values.size());
    sql_parameters parameters{app};
    add_padded(parameters, values.begin() + static_cast<long>(from), values.begin() + static_cast<long>(to));
    parameters.emplace_back(most - keys.size());
    auto read = on.query("finding devices to delete",
                         "SELECT id, device_id, " + std::string(index.empty() ? "''" : "properties") +
                             " FROM devices FORCE INDEX (" + (by_user ? "by_user" : "by_device") +
                             ") WHERE application_id = ? AND " + (by_user ? "user_id" : "device_id") +
                             " IN (" + placeholders(to - from) + ") LIMIT ? FOR UPDATE",
                         parameters, [&](const sql_row& row) {
                           keys.push_back(row.number(0));
                           erased.device_ids.emplace_back(row.text(1));
                           index.change({row.number(0)}, row.text(2), "");
                         });
    if (!read) return read.failure();
  }
  std::sort(keys.begin(), keys.end());
  if (keys.empty()) return erased;
  if (auto done = index.write(on); !done) return done.failure();
  auto events = delete_by_keys(on, "device_events", "device_id", app, keys);
  if (!events) return events.failure();
  auto devices = delete_by_keys(on, "devices", "id", app, keys);
  if (!devices) return devices.failure();
  erased.events = *events;
  erased.devices = *devices;
  return erased;
}

}  // namespace pusher
