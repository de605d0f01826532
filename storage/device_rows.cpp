#include "storage/device_rows.hpp"

namespace pusher {

namespace {

constexpr size_t fixed_bytes = 64;  // keys, enums and times

}  // namespace

std::string device_row_columns(device_parts wanted) {
  std::string columns = "id, gateway, environment, platform";
  if (includes(wanted, device_parts::token)) columns += ", push_token, p256dh, auth";
  if (includes(wanted, device_parts::attributes))
    columns += ", device_id, user_id, locale, time_zone, app_version, created_at, last_seen_at";
  if (includes(wanted, device_parts::properties)) columns += ", properties";
  return columns;
}

device_row read_device_row(const sql_row& row, device_parts parts) {
  device_row device;
  device.key.value = row.number(0);
  device.gateway = static_cast<gateway>(row.number(1));
  device.environment = static_cast<environment>(row.number(2));
  device.platform = static_cast<platform>(row.number(3));
  size_t at = 4;
  if (includes(parts, device_parts::token)) {
    device.push_token = row.text(at++);
    device.p256dh = row.text(at++);
    device.auth = row.text(at++);
  }
  if (includes(parts, device_parts::attributes)) {
    device.device_id = row.text(at++);
    device.user_id = row.text(at++);
    device.locale = row.text(at++);
    device.time_zone = row.text(at++);
    device.app_version = row.text(at++);
    device.created_at = row.time(at++);
    device.last_seen_at = row.time(at++);
  }
  if (includes(parts, device_parts::properties)) device.properties = row.text(at);
  return device;
}

stored_device read_stored_device(const sql_row& row) {
  stored_device stored;
  stored.key.value = row.number(0);
  auto& device = stored.value;
  device.gateway = static_cast<gateway>(row.number(1));
  device.environment = static_cast<environment>(row.number(2));
  device.platform = static_cast<platform>(row.number(3));
  device.push_token = row.text(4);
  if (!row.null(5)) device.keys = web_push_keys{std::string(row.text(5)), std::string(row.text(6))};
  device.device_id = row.text(7);
  device.user_id = row.optional_text(8);
  device.locale = row.optional_text(9);
  device.time_zone = row.optional_text(10);
  device.app_version = row.optional_text(11);
  stored.created_at = row.time(12);
  stored.last_seen_at = row.time(13);
  device.properties = row.text(14);
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
