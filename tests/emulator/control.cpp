#include "tests/emulator/control.hpp"

#include "tests/emulator/json_text.hpp"

namespace pusher::emulator {

namespace {

std::optional<verdict> failure_named(std::string_view name) {
  if (name == "none") return verdict::accepted;
  if (name == "hang") return verdict::hang;
  if (name == "401") return verdict::unauthenticated;
  if (name == "429") return verdict::quota_exceeded;
  if (name == "500") return verdict::internal;
  if (name == "503") return verdict::unavailable;
  return std::nullopt;
}

bool read_text(std::string_view name, std::string_view value, control_message& message) {
  if (name == "fail") {
    message.fail = failure_named(value);
    return message.fail.has_value();
  }
  if (name == "revoke_key") {
    message.revoke_key = value;
    return !value.empty();
  }
  if (name != "gateway") return false;
  message.gateway = gateway_named(value);
  return message.gateway.has_value();
}

bool read_switch(std::string_view name, bool value, control_message& message) {
  if (name == "revoke_tokens") return message.revoke_tokens = value, true;
  if (name == "close_connections") return message.given.close_connections = value, true;
  if (name == "goaway") return message.given.go_away = value, true;
  if (name == "expire_keys") return message.expire_keys = value, true;
  if (name == "revoke_keys") return message.revoke_keys = value, true;
  if (name != "hold") return false;
  message.hold = value;
  message.given.release = !value;
  return true;
}

bool read_number(std::string_view name, const rapidjson::Value& value, control_message& message) {
  if (name != "delay_ms" || !value.IsUint()) return false;
  message.delay_ms = value.GetUint();
  return true;
}

}  // namespace

std::optional<control_message> read_control(std::string_view body) {
  rapidjson::Document order;
  if (!parse_object(body, order) || order.ObjectEmpty()) return std::nullopt;
  control_message message;
  for (auto each = order.MemberBegin(); each != order.MemberEnd(); ++each) {
    bool known = (each->value.IsString() && read_text(view(each->name), view(each->value), message)) ||
                 (each->value.IsBool() && read_switch(view(each->name), each->value.GetBool(), message)) ||
                 (each->value.IsNumber() && read_number(view(each->name), each->value, message));
    if (!known) return std::nullopt;
  }
  if (message.gateway && !message.fail) return std::nullopt;
  return message;
}

}  // namespace pusher::emulator
