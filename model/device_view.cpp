#include "model/device_view.hpp"

namespace pusher {

device_row row_of(const stored_device& from) {
  const auto& value = from.value;
  auto text = [](const std::optional<std::string>& given) {
    return given ? std::string_view(*given) : std::string_view();
  };
  device_row row;
  row.key = from.key;
  row.device_id = value.device_id;
  row.gateway = value.gateway;
  row.environment = value.environment;
  row.platform = value.platform;
  row.push_token = value.push_token;
  row.user_id = text(value.user_id);
  row.locale = text(value.locale);
  row.time_zone = text(value.time_zone);
  row.app_version = text(value.app_version);
  row.properties = value.properties;
  row.created_at = from.created_at;
  row.last_seen_at = from.last_seen_at;
  return row;
}

}  // namespace pusher
