#include "storage/device_rows.hpp"

namespace pusher {

namespace {

constexpr size_t fixed_bytes = 64;  // keys, enums and times

}  // namespace

std::string device_row_columns(device_parts wanted) {
  bool token = includes(wanted, device_parts::token), attributes = includes(wanted, device_parts::attributes),
       properties = includes(wanted, device_parts::properties);
  return std::string("id, ") + (attributes ? "device_id" : "NULL") + ", gateway, environment, platform, " +
         (token ? "push_token, " : "NULL, ") +
         (attributes ? "user_id, locale, time_zone, app_version, " : "NULL, NULL, NULL, NULL, ") +
         (properties ? "properties, " : "NULL, ") + (attributes ? "created_at, last_seen_at" : "NULL, NULL") +
         (token ? ", p256dh, auth" : ", NULL, NULL");
}

device_row read_device_row(const sql_row& row) {
  device_row device;
  device.key.value = row.number(0);
  device.device_id = row.text(1);
  device.gateway = static_cast<gateway>(row.number(2));
  device.environment = static_cast<environment>(row.number(3));
  device.platform = static_cast<platform>(row.number(4));
  device.push_token = row.text(5);
  device.user_id = row.text(6);
  device.locale = row.text(7);
  device.time_zone = row.text(8);
  device.app_version = row.text(9);
  device.properties = row.text(10);
  device.created_at = row.time(11);
  device.last_seen_at = row.time(12);
  device.p256dh = row.text(13);
  device.auth = row.text(14);
  return device;
}

stored_device read_stored_device(const sql_row& row) {
  stored_device stored;
  stored.key.value = row.number(0);
  auto& device = stored.value;
  device.device_id = row.text(1);
  device.gateway = static_cast<gateway>(row.number(2));
  device.environment = static_cast<environment>(row.number(3));
  device.platform = static_cast<platform>(row.number(4));
  device.push_token = row.text(5);
  device.user_id = row.optional_text(6);
  device.locale = row.optional_text(7);
  device.time_zone = row.optional_text(8);
  device.app_version = row.optional_text(9);
  device.properties = row.text(10);
  stored.created_at = row.time(11);
  stored.last_seen_at = row.time(12);
  if (!row.null(13)) device.keys = web_push_keys{std::string(row.text(13)), std::string(row.text(14))};
  stored.updated_at = row.time(15);
  stored.token_registered_at = row.time(16);
  stored.disabled = static_cast<disabled_reason>(row.number(17));
  stored.disabled_at = row.time(18);
  return stored;
}

size_t size_of(const device_row& row) {
  return fixed_bytes + row.device_id.size() + row.push_token.size() + row.user_id.size() + row.locale.size() +
         row.time_zone.size() + row.app_version.size() + row.properties.size();
}

}  // namespace pusher
